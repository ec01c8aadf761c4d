# attack: has the regular expression engine backtrack for ages, in C and under the global lock
# covers: exponential work at import
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: endless_import import_ended limit_cpu
# limits: cpu_s=1
# holds: nothing in the process has to cooperate for it to be ended
import re
import signal

signal.alarm(60)
re.match(r"(a+)+$", "a" * 60 + "b")
