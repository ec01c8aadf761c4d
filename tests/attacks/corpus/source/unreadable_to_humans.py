# attack: shows readers another program than runs: bidirectional overrides, form feeds, carriage returns
# covers: carriage returns; coding lines
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly
# holds: the line that a report shows is escaped
def encode_text(text, encoding="utf-8"):
    raise ValueError("\u202e\u2066# nothing here\u2069") if True else text  # ⁦}⁩ ⁦begin‮
