# attack: takes 5 GB of memory
# covers: 4 GB of memory
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: the limit of memory holds, and its sentence says so
held = []


def encode_text(text, encoding="utf-8"):
    for _ in range(5 << 10):
        held.append(b"x" * (1 << 20))
    return text.encode(encoding)
