# attack: has a file name that is a command
# covers: function names; GitHub commands
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly
# named: \n::error::\x1b[2J\r##[error],line=1 x.py
# holds: the name is shown escaped wherever it is shown
def encode_text(text, encoding="utf-8"):
    raise ValueError
