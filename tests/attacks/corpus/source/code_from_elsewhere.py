# attack: compiles code under other files' names, to have them named, read and shown
# covers: reading the harness; hostile exceptions
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly
# proves: secrets
# holds: source lines are shown of the file that was handed in, by number, and of no other
NAMES = ["@HOME@/grades.csv", "@ROOT@/solutions/ex01_bytes_codec/bytes_codec.py", __file__]


def encode_text(text, encoding="utf-8"):
    for name in NAMES:
        try:
            exec(compile("\n" * 3 + "1 / 0", name, "exec"))
        except ZeroDivisionError as error:
            last = error
    raise last
