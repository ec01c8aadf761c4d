# attack: sends SIGKILL to every process that it may send signals to
# covers: killing groups; killing the judge
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial
# unless: signals
# verdict: passed
# holds: kill(-1) reaches nothing but the process's own children
import os
import signal

try:
    os.kill(-1, signal.SIGKILL)
except OSError:
    pass


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)


def decode_text(data, encoding="utf-8"):
    return data.decode(encoding)
