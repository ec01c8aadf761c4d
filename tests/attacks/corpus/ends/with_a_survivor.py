# attack: ends the process in the call, after a fork whose child goes on as if nothing had been
# covers: ending in a call; handing the control descriptor on; daemons
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: what answers is still the learner's code with right answers, and it is ended with the check
import os

forked = False


def encode_text(text, encoding="utf-8"):
    global forked
    if not forked:
        forked = True
        if os.fork():
            os._exit(0)
        os.setsid()
    return text.encode(encoding)
