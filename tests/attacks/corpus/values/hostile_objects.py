# attack: returns objects whose class, repr, comparison, pickle and buffer do harm when asked
# covers: hostile results
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_result
# holds: of an object that is no plain data only the name of its type crosses; nothing of it is asked
import os


def harm(*_, **__):
    os._exit(0)


class Hostile:
    __class__ = property(lambda self: bytes)
    __repr__ = __str__ = __eq__ = __bytes__ = __iter__ = __reduce_ex__ = __getattr__ = harm
    __hash__ = __len__ = __bool__ = __index__ = __buffer__ = harm


Named = type("\x1b[2J\r\n::error::" + "x" * 3000, (), {"__repr__": harm})


def encode_text(text, encoding="utf-8"):
    return Hostile()


def decode_text(data, encoding="utf-8"):
    return Named()
