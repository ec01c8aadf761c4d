# attack: writes modules with everybody's names into every folder that it can, for the next process
# covers: json.py and socket.py beside the submission; its own file rewritten
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none
# verdict: passed
# holds: the next process of the check gets its modules from the interpreter
import os
import sys

for folder in {os.getcwd(), os.path.dirname(__file__), *filter(os.path.isdir, sys.path[:1])}:
    for name in ("json", "socket", "selectors", "child", "plain", "encodings"):
        try:
            with open(os.path.join(folder, f"{name}.py"), "w") as file:
                file.write("open('@MARKER@', 'w').write(__file__)\n")
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)


def decode_text(data, encoding="utf-8"):
    return data.decode(encoding)
