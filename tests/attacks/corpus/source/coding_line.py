# coding: unicode_escape
# attack: declares an encoding in which a comment turns out to be code
# covers: coding lines
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# holds: the judge decodes for showing only, and the learner's process runs what Python makes of it
x = "harmless"  # \u000aprint("hidden from readers"); import os; os._exit(0)


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
