# attack: an iterator that yields a megabyte again and again, without end
# covers: giant results
# exercise: ex01
# checks: stream_yields_text_before_close
# rungs: full partial none
# verdict: failed
# proves: memory
# limits: check_s=10
# holds: what the judge keeps of an iterator is bounded
import time

PIECE = "x" * (1 << 20)


def receive_text_stream(sock, encoding="utf-8"):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        yield PIECE
