# attack: announces a frame of 4 GB and begins to send it
# covers: garbage on the control descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: control_broken
# proves: memory
# holds: a frame that is too large is refused when it is announced
import gc

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def encode_text(text, encoding="utf-8"):
    child.control.sendall(b"\xff\xff\xff\xff" + b"l" * 100)
    return text.encode(encoding)
