# attack: an audit hook that ends the process as soon as anybody but its own code does anything
# covers: tracing and audit hooks
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: import_ended exited
# holds: what the runner cannot do any more is the learner's failure
import os
import sys


def refuse(event, arguments):
    if event != "import":
        os._exit(0)


sys.addaudithook(refuse)


def encode_text(text, encoding="utf-8"):
    compile("1", "x", "eval")
    return text.encode(encoding)
