# attack: returns a list that holds itself, and a dictionary nested twenty thousand deep
# covers: cyclic results
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: wrong_result
# holds: what is nested too deeply is not plain data, and does not cross
def encode_text(text, encoding="utf-8"):
    value = []
    value.append(value)
    return value


def decode_text(data, encoding="utf-8"):
    value = None
    for _ in range(20_000):
        value = {"deeper": value}
    return value
