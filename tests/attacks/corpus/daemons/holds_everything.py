# attack: leaves daemons that keep every descriptor open: the control socket, the output, all
# covers: daemons; handing the control descriptor on
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: nobody waits for an end of file that only the daemons' end brings
import os
import time


def encode_text(text, encoding="utf-8"):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(60)
        os._exit(0)
    return text.encode(encoding)
