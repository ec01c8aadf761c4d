# attack: leaves a daemon that goes on listening on a port
# covers: daemons; sockets left behind
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: the port is free again when the check is over
import os
import socket


def encode_text(text, encoding="utf-8"):
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            listener.settimeout(60)
            try:
                listener.accept()
            except OSError:
                pass
        os._exit(0)
    return text.encode(encoding)
