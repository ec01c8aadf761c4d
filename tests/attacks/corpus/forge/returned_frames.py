# attack: writes forged frames, each with a likely answer, to every descriptor before the answer is due
# covers: writing results to descriptors
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none spawn
# verdict: failed
# holds: an answer counts by what is in it, and nobody can know what is expected before it is asked
import gc
import os

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
encode = type(child).send.__globals__["plain"].encode
frames = b""
for value in (None, True, b"", "", "passed", {"status": "passed"}, 100):
    for event in ("loaded", "calling", "returned", "item", "released", "passed"):
        frames += encode({"event": event, "value": value, "at": 0.0, "sockets": []})


def encode_text(text, encoding="utf-8"):
    for fd in range(3, 32):
        try:
            os.write(fd, frames)
        except OSError:
            continue
    return b""


decode_text = encode_text
