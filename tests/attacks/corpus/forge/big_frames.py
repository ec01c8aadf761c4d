# attack: sends valid frames of 60 MB, one after the other
# covers: giant results; garbage on the control descriptor
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_bytes wrong_result too_much control_broken crashed spinning no_answer
# proves: memory
# limits: check_s=5
# holds: the judge keeps one frame at a time, and only the first answer
import gc

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
encode = type(child).send.__globals__["plain"].encode


def encode_text(text, encoding="utf-8"):
    frame = encode({"event": "returned", "value": b"x" * (60 << 20), "sockets": []})
    for _ in range(8):
        child.control.sendall(frame)
    return text.encode(encoding)
