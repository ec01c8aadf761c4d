# attack: a thread of its own reads the judge's orders before the runner does
# covers: reading the control descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: a stolen order is one that is not carried out
import gc
import threading

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def steal():
    while child.control.recv(4096):
        pass


def encode_text(text, encoding="utf-8"):
    for _ in range(20):
        threading.Thread(target=steal, daemon=True).start()
    return text.encode(encoding)
