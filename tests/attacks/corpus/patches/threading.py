# attack: replaces threads, locks, fork, signals and exit by functions that do nothing
# covers: patching threading
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none
# verdict: passed
# holds: the runner is ended from outside
import _thread
import os
import signal
import sys
import threading


def nothing(*_, **__):
    return 0


threading.Thread.start = threading.Lock = threading.Event = nothing
_thread.start_new_thread = _thread.interrupt_main = nothing
os.fork = os.kill = os._exit = os.abort = sys.exit = nothing
signal.signal = signal.raise_signal = signal.alarm = nothing


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)
