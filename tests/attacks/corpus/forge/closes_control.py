# attack: closes the control socket and goes on living
# covers: closing descriptors
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: control_broken crashed exited
# holds: who hangs up has gone
import gc
import time

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")


def encode_text(text, encoding="utf-8"):
    child.control.close()
    time.sleep(60)
