# attack: writes stacks of its own invention where faulthandler writes: hostile names, 20 MB of them
# covers: the dump descriptor; function names
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: stuck
# proves: memory
# holds: a place in the file is a small number and a short name, and is shown escaped
import gc
import os
import signal

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
FRAME = (
    'Current thread 0x1 (most recent call first):\n  File "/submission/bytes_codec.py", line 999'
    ' in \x1b[2J\r::error::\x1b]0;owned\x07##[error]' + "x" * 5000 + "\n\n"
)


def encode_text(text, encoding="utf-8"):
    data = FRAME.replace("/submission", os.path.dirname(__file__)).encode()
    signal.signal(child.config["dump_signal"], lambda *_: os.write(child.dump, data))
    try:
        for _ in range(4000):
            os.write(child.dump, data)
    except OSError:
        pass  # there is room for stacks, not for a library
    while True:
        signal.pause()
