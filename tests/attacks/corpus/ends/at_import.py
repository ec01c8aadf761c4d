# attack: ends its process while it is imported, with the exit status of success
# covers: ending at import
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script
# rungs: full partial none spawn
# verdict: failed
# diagnosis: import_ended
# holds: a process that is gone has shown nothing, whatever its exit status
import os

os._exit(0)
