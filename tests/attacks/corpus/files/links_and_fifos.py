# attack: leaves links to the outside, FIFOs, sockets and devices for whoever cleans up to follow
# covers: symbolic links; FIFOs; hard links
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# proves: secrets
# holds: what is removed is the link; nobody opens a FIFO
import os
import socket
import stat

targets = ["@HOME@", "@HOME@/grades.csv", "/etc/passwd", "/", "/proc/self/root", "..", "loop"]
for number, target in enumerate(targets):
    os.symlink(target, f"link{number}")
    try:
        os.link(target, f"hard{number}")
    except OSError:
        pass
os.symlink("loop", "loop")
for name in ("results.json", "stdout", "verdict"):
    os.mkfifo(name)
for kind in (stat.S_IFCHR, stat.S_IFBLK):
    try:
        os.mknod(f"device{kind}", 0o666 | kind, os.makedev(1, 1))
        open(f"device{kind}", "rb").close()
        raise SystemExit("a device could be made")
    except OSError:
        pass
socket.socket(socket.AF_UNIX).bind("socket")


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
