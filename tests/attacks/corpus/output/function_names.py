# attack: raises in functions whose names are commands for terminals and for GitHub
# covers: function names; ANSI escapes; GitHub commands
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: raised_unexpectedly
# holds: the place that is shown is escaped, and cut
def fails():
    raise ValueError


HOSTILE = "\n::error::\x1b[2J\r##[error]\u202e" + "x" * 10_000
fails.__code__ = fails.__code__.replace(co_name=HOSTILE, co_firstlineno=2_000_000_000)


def encode_text(text, encoding="utf-8"):
    fails()
