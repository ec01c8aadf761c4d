# attack: rewrites its own file, so that what runs next is another program than was handed in
# covers: its own file rewritten
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_bytes wrong_result
# holds: what was read once is what is graded
import os

RIGHT = """
def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)


def decode_text(data, encoding="utf-8"):
    return data.decode(encoding)
"""
for write in (lambda: open(__file__, "w").write(RIGHT), lambda: os.unlink(__file__),
              lambda: os.rename("right.py", __file__), lambda: os.symlink("right.py", __file__)):
    try:
        with open("right.py", "w") as file:
            file.write(RIGHT)
        write()
    except OSError:
        continue


def encode_text(text, encoding="utf-8"):
    return b"wrong"


def decode_text(data, encoding="utf-8"):
    return "wrong"
