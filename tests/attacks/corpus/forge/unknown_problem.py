# attack: says that it was loaded, and that a function has a problem that nobody has heard of
# covers: writing results to descriptors
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: a word that the runner never says ends the process; it is no fault of the grader's
import gc
import os

child = next(found for found in gc.get_objects() if type(found).__name__ == "Child")
child.send(event="loaded", problems=[{"function": "encode_text", "problem": "{error}", "names": 1}])
os.read(0, 1)
