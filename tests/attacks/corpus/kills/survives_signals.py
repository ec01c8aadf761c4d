# attack: blocks and ignores every signal, and has a child that does the same
# covers: surviving SIGTERM; changing signal handlers and masks
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full partial none spawn
# verdict: passed
# holds: SIGKILL ends both when the check is over
import signal


def encode_text(text, encoding="utf-8"):
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    return text.encode(encoding)
