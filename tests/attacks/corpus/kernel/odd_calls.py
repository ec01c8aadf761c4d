# attack: tries the calls that have been the kernel's weak spots, and those that rule the machine
# covers: forbidden system calls
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: ipc
# holds: a filter refuses what no exercise needs, before the kernel looks at an argument
import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
COLUMN = {"x86_64": 0, "aarch64": 1}[os.uname().machine]
CALLS = {
    "ptrace": (101, 117), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "bpf": (321, 280), "io_uring_setup": (425, 425), "userfaultfd": (323, 282),
    "perf_event_open": (298, 241), "init_module": (175, 105), "finit_module": (313, 273),
    "kexec_load": (246, 104), "reboot": (169, 142), "swapon": (167, 224), "acct": (163, 89),
    "clock_settime": (227, 112), "settimeofday": (164, 170), "sethostname": (170, 161),
    "syslog": (103, 116), "quotactl": (179, 60), "fanotify_init": (300, 262), "fsopen": (430, 430),
    "open_tree": (428, 428), "move_mount": (429, 429), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438), "shmget": (29, 194), "semget": (64, 190),
    "msgget": (68, 186), "memfd_secret": (447, 447), "personality": (135, 92), "clone3": (435, 435),
}
reached = []
for name, numbers in CALLS.items():
    ctypes.set_errno(0)
    # Arguments that no kernel accepts: nothing happens even where a call gets through.
    result = libc.syscall(numbers[COLUMN], *[ctypes.c_long(-1)] * 6)
    if result >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        reached.append((name, result, ctypes.get_errno()))


def encode_text(text, encoding="utf-8"):
    return repr(reached).encode() if reached else text.encode(encoding)
