# attack: counts for ever while it is imported
# covers: endless work at import
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: endless_import
# holds: two seconds of processor time are enough for an import
import time

end = time.monotonic() + 60
while time.monotonic() < end:
    pass
