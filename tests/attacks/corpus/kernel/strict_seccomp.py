# attack: locks its own runner up with a filter that kills at every call
# covers: forbidden system calls
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: crashed
# holds: it is the learner's process that the kernel kills
import ctypes
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, FILTER = 38, 22, 2
prctl = ctypes.CDLL(None).prctl
kill = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0x80000000))
program = ctypes.create_string_buffer(struct.pack("@HP", 1, ctypes.addressof(kill)))


def encode_text(text, encoding="utf-8"):
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    prctl(PR_SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0)
    return text.encode(encoding)
