# attack: waits in recv() on a descriptor that is something else by the time that the judge looks
# covers: closing descriptors
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: what the judge copies for a look it closes again, whatever it turns out to be
import os
import socket
import threading
import time

one, other = socket.socketpair()


def swap():
    time.sleep(0.02)
    os.dup2(os.open("/dev/zero", os.O_RDONLY), one.fileno())


def encode_text(text, encoding="utf-8"):
    threading.Thread(target=swap).start()
    one.recv(1)
