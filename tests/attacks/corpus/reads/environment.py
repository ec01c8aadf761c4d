# attack: looks for environment variables, its own and those of every process that it sees
# covers: reading the environment; reading /proc
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: the judge's environment never came here, and no other process's can be read
import ctypes
import glob
import os

print(dict(os.environ))
pointers = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
number = 0
while pointers and pointers[number] is not None:
    print(pointers[number])
    number += 1
for name in [*glob.glob("/proc/*/environ"), *glob.glob("/proc/*/cmdline"), "/proc/@JUDGE@/environ"]:
    try:
        with open(name, "rb") as file:
            print(name, file.read())
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
