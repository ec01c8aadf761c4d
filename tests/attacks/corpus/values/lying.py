# attack: returns bytes and text of its own kind, which are equal to everything and of every length
# covers: lying results
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: wrong_bytes wrong_result
# holds: what crosses is the plain content
class Lie:
    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __len__(self):
        return 10

    def __reduce__(self):
        return print, ("unpickled",)

    def __iter__(self):
        return iter("right")

    def __repr__(self):
        return "right"


class LyingBytes(Lie, bytes):
    def __bytes__(self):
        return b"right"

    def decode(self, *_):
        return "right"


class LyingText(Lie, str):
    def encode(self, *_):
        return b"right"


def encode_text(text, encoding="utf-8"):
    return LyingBytes(b"wrong")


def decode_text(data, encoding="utf-8"):
    return LyingText("wrong")
