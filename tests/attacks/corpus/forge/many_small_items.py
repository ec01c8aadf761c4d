# attack: an iterator that yields nothing much, millions of times
# covers: giant results
# exercise: ex01
# checks: stream_yields_text_before_close
# rungs: full partial none
# verdict: failed
# proves: memory
# limits: check_s=10
# holds: what the judge keeps of an iterator is bounded
import gc
import time

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
encode = type(child).send.__globals__["plain"].encode


def receive_text_stream(sock, encoding="utf-8"):
    frames = encode({"event": "item", "value": ""}) * 10_000
    end = time.monotonic() + 30
    while time.monotonic() < end:
        child.control.sendall(frames)
    yield ""
