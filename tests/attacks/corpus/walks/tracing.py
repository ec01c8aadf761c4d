# attack: traces, profiles and audits everything that the runner does after the call
# covers: tracing and audit hooks
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: hooks of this process see this process, and end with it
import sys
import threading

seen = []


def note(*what):
    seen.append(what[:2])
    del seen[:-10]
    return note


sys.settrace(note)
sys.setprofile(note)
threading.settrace(note)
sys.addaudithook(lambda *what: None)


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
