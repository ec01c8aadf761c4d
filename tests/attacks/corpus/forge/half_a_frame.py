# attack: announces a frame of 90 MB and sends it byte by byte
# covers: garbage on the control descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# proves: memory
# limits: check_s=2
# holds: bytes that make no frame buy no time
import gc
import time

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def encode_text(text, encoding="utf-8"):
    child.control.sendall((90 << 20).to_bytes(4, "big"))
    end = time.monotonic() + 30
    while time.monotonic() < end:
        child.control.sendall(b"l")
        time.sleep(0.02)
