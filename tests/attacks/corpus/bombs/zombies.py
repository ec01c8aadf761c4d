# attack: leaves two hundred dead children that it never collects
# covers: fork bombs; daemons
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: the supervisor collects them all
import os


def encode_text(text, encoding="utf-8"):
    for _ in range(24):
        if os.fork() == 0:
            os._exit(0)
    return text.encode(encoding)
