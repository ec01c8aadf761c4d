# attack: returns a dictionary whose keys all have the same hash, so that decoding it takes hours
# covers: giant results; lying results
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_result control_broken crashed result
# holds: the judge decodes in a time that grows with the size, not with its square
import gc

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
encode = type(child).send.__globals__["plain"].encode
PRIME = (1 << 61) - 1


def encode_text(text, encoding="utf-8"):
    body = b"".join(encode(number * PRIME)[4:] + b"n" for number in range(60_000))
    pairs = b"m" + (60_000).to_bytes(4, "big") + body
    event = encode({"event": "returned", "value": 0})[4:]
    body = event[: -len(encode(0)[4:])] + pairs
    child.control.sendall(len(body).to_bytes(4, "big") + body)
