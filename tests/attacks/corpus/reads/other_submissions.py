# attack: looks for the submissions of others, in the instructor's folder and in other sandboxes
# covers: reading other submissions
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial
# verdict: passed
# proves: secrets
# holds: there is one submission to be seen, its own
import glob
import os

won = []
mine = os.path.realpath(__file__)
places = ["@NEIGHBOUR@/*", "@NEIGHBOUR@/../*/*", os.path.dirname(mine) + "/../*/*", "/tmp/dojo-*/*/*",
          "@NEIGHBOUR@/../../temporary/*/*/*", "/proc/[0-9]*/cwd/*", "../*/*"]
for place in places:
    for name in glob.glob(place):
        if os.path.basename(name) == os.path.basename(mine) and os.path.realpath(name) != mine:
            try:
                with open(name, errors="replace") as file:
                    won.append((name, file.read(200)))
            except OSError:
                continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
