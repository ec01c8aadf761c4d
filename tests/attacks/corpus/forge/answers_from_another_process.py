# attack: hands the control socket to a child, which obeys the judge while it itself sleeps
# covers: handing the control descriptor on
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: right answers are right from whichever of its processes, and all of them end
import os
import signal

forked = False


def encode_text(text, encoding="utf-8"):
    global forked
    if not forked and os.fork():
        signal.pause()
    forked = True
    return text.encode(encoding)
