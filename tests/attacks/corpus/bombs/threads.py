# attack: starts threads until nothing more will
# covers: thread bombs
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: failed
# diagnosis: too_many_threads raised_unexpectedly
# holds: it is stopped at the limit
import threading
import time


def encode_text(text, encoding="utf-8"):
    threading.stack_size(64 << 10)
    for _ in range(1500):
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    return text.encode(encoding)
