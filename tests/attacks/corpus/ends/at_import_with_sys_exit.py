# attack: leaves by sys.exit(0) while it is imported
# covers: ending at import
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: import_ended
# holds: SystemExit at import ends no grading
import sys

sys.exit(0)
