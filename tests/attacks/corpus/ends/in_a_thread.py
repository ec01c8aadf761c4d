# attack: a thread that the import has started ends the process while the call is answered
# covers: ending in a thread
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: exited
# holds: the end of the process is the end of the call
import os
import threading

called = threading.Event()


def end():
    called.wait()
    os._exit(0)


threading.Thread(target=end, daemon=True).start()


def encode_text(text, encoding="utf-8"):
    called.set()
    threading.Event().wait(60)
