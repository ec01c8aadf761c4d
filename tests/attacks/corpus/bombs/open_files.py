# attack: opens files, sockets, pipes and epolls until there are no more descriptors
# covers: limits
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: the limit is this process's own
import os
import select
import socket

held = []
try:
    for _ in range(5000):
        held += [os.open("/dev/null", os.O_RDONLY), *os.pipe(), socket.socket(), select.epoll()]
except OSError:
    pass


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
