# attack: returns, prints and leaves in files pickles and marshalled code that write a marker when loaded
# covers: hostile results; writing results to likely files
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_bytes
# holds: nothing that came from the submission is unpickled, imported or evaluated
import pickle
import sys


class Marker:
    def __reduce__(self):
        return exec, ("open('@MARKER@', 'w').write('unpickled')",)


def encode_text(text, encoding="utf-8"):
    data = pickle.dumps(Marker())
    for name in ("result.pkl", "results.pickle", "cache.db", "verdict"):
        with open(name, "wb") as file:
            file.write(data)
    sys.stdout.buffer.write(data) if hasattr(sys.stdout, "buffer") else print(data)
    return data
