# attack: writes random bytes to the control socket
# covers: garbage on the control descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: control_broken crashed stuck
# holds: what is no frame ends the process
import gc
import random

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def encode_text(text, encoding="utf-8"):
    child.control.sendall(b"\0\0\0\x20" + random.randbytes(1000))
    return text.encode(encoding)
