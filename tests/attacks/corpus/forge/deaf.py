# attack: says that it was loaded and never reads another order
# covers: reading the control descriptor
# exercise: ex03
# checks: client_sends_big_message
# rungs: full partial none
# verdict: failed
# diagnosis: control_broken crashed stuck no_answer exited
# holds: an order that nobody takes does not hold the judge up
import gc
import os

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
child.send(event="loaded", problems=[])
os.read(os.pipe()[0], 1)
