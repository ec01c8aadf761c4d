# attack: waits at import for what never comes
# covers: endless work at import
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: endless_import
# holds: a blocked import is seen, not waited for
import os
import signal

signal.alarm(60)
os.read(os.pipe()[0], 1)
