# attack: reads address 0 in the call, with core dumps asked for
# covers: ending by signal; core dumps
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: crashed
# proves: disk
# holds: a crash is the learner's failure, and no core file is written
import ctypes
import os
import resource
import signal

try:
    resource.setrlimit(resource.RLIMIT_CORE, (1 << 30, 1 << 30))
except (OSError, ValueError):
    pass


def encode_text(text, encoding="utf-8"):
    with open("left-@TOKEN@", "w") as file:
        file.write("core dumps land beside this")
    signal.signal(signal.SIGSEGV, signal.SIG_DFL)
    ctypes.string_at(0)
    os.abort()
