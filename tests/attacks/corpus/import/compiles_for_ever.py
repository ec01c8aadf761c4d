# attack: hands the compiler, at import, a nest that its stack may not survive
# covers: exponential work at import; deep recursion
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: syntax_error import_raised import_ended
# holds: whatever becomes of the compiler, it was the learner's process
exec("x = " + "(" * 300_000 + ")" * 300_000)
