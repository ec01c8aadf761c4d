"""The command line: ``python -m grader COMMAND``; each nox session is a thin call of it.

Exit codes: 0 every counted check passed; 1 the learner's work fell short; 2 the request
cannot be carried out (one line on standard error); 3 the grader's own fault; 130 interrupted
(SIGINT, SIGTERM, SIGHUP); 141 whoever read the output went before all of it was there.
"""

from __future__ import annotations

import _thread
import argparse
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from grader import __version__, settings
from grader.model import Language
from grader.texts import missing_text, table, text

if TYPE_CHECKING:
    from grader.catalog import CatalogError

PASSED, FALLEN_SHORT, BAD_REQUEST, OUR_FAULT, INTERRUPTED, READER_GONE = 0, 1, 2, 3, 130, 141
COMMANDS: dict[str, str] = {
    "grade": "grader.commands.grade",
    "watch": "grader.commands.watch",
    "hint": "grader.commands.hint",
    "explain": "grader.commands.explain",
    "progress": "grader.commands.progress",
    "solution": "grader.commands.solution",
    "reset": "grader.commands.reset",
    "settings": "grader.commands.settings",
    "doctor": "grader.commands.doctor",
    "grade-class": "grader.commands.grade_class",
    "handout": "grader.commands.handout",
    "gradescope": "grader.commands.gradescope",
    "new-exercise": "grader.commands.new_exercise",
    "verify": "grader.commands.verify",
    "flakes": "grader.commands.flakes",
    "bench": "grader.commands.bench",
}


_ASKING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
_GRACE_S = 5.0
_AGAIN_S = 0.01
_LONGEST = 4000


class BadRequestError(Exception):
    """The request cannot be carried out; the text is one line for whoever asked.

    ``code`` is the exit code: the same line says what is wrong where other things are, too.
    """

    def __init__(self, line: str, code: int = BAD_REQUEST) -> None:
        super().__init__(line)
        self.code = code


def locale_language() -> Language:
    """Return the language that DOJO_LANG, the suite's settings or the environment ask for.

    In this order; the environment's own is setlocale(3)'s.
    """
    names = ("DOJO_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    value = next((os.environ[name] for name in names if os.environ.get(name)), "")
    asked: Language = "zh" if value.lower().startswith("zh") else "en"
    return asked if os.environ.get("DOJO_LANG") else _chosen_language(asked)


def _chosen_language(asked: Language) -> Language:
    """Return the language that the suite's settings ask for; broken ones cost a line."""
    root = settings.nearest_root()
    if root is None:
        return asked
    try:
        return settings.language(root) or asked
    except settings.SettingsError as error:
        path = settings.path(root).relative_to(root)
        if sys.stderr is not None:
            _complain(text("learner.settings_broken", asked, path=path, error=error))
    return asked


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise BadRequestError instead of printing the usage."""
        raise BadRequestError(message[:500])


def speak(language: Language) -> None:
    """Have argparse use our words for what it says itself (it asks gettext, which has no files)."""
    own, said = table("argparse", "en"), table("argparse", language)
    words = {own[entry]: said[entry] for entry in own}
    setattr(argparse, "_", lambda template: words.get(template, template))  # noqa: B010


def _language_of(argv: Sequence[str]) -> Language:
    """Find ``--lang`` before anything is parsed, so that help and errors speak it, too."""
    for at, word in enumerate(argv):
        value = word.partition("=")[2] if word.startswith("--lang=") else ""
        if word == "--lang" and at + 1 < len(argv):
            value = argv[at + 1]
        if value in ("en", "zh"):
            return "zh" if value == "zh" else "en"
    return locale_language()


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; without ``argv``, the process's own."""
    words = list(sys.argv[1:] if argv is None else argv)
    language = _language_of(words)
    speak(language)
    try:
        _prepare_streams()
        with _ending_when_asked(for_good=argv is None):
            return _flushed(_run(words, language), language)
    except KeyboardInterrupt:
        return _complain(text("cli.interrupted", language), INTERRUPTED)


def _run(words: list[str], language: Language) -> int:
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            print(text("cli.help", language))
            return PASSED if words else BAD_REQUEST
        if words[0] in ("-V", "--version"):
            print(__version__)
            return PASSED
        module = COMMANDS.get(words[0])
        if module is None:
            known = ", ".join(COMMANDS)
            raise BadRequestError(text("cli.no_command", language, name=words[0][:60], known=known))
        from importlib import import_module

        run: Callable[[Sequence[str], Language], int] = import_module(module).run
        return run(words[1:], language)
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else PASSED
    except Exception as error:
        if isinstance(error, BrokenPipeError) and _reader_gone():
            return READER_GONE
        line, code = describe(error, language)
        if code == OUR_FAULT and os.environ.get("DOJO_TRACEBACK"):
            raise
        return _complain(line, code)


def describe(error: BaseException, language: Language) -> tuple[str, int]:
    """Return the line that tells of an error, and the exit code that it means."""
    if isinstance(error, BadRequestError):
        return str(error), error.code
    if isinstance(error, KeyboardInterrupt):
        return text("cli.interrupted", language), INTERRUPTED
    found = _known_complaint(error, language)
    if found is not None:
        return found, BAD_REQUEST
    shown = f"{type(error).__name__}: {error}"
    return text("cli.our_fault", language, error=shown[:500]), OUR_FAULT


def _known_complaint(error: BaseException, language: Language) -> str | None:
    """Return the line for an error that is about the request, not about us."""
    from grader.catalog import CatalogError

    if isinstance(error, CatalogError):
        return catalog_complaint(error, language)
    from grader.sandbox import SandboxError, UnavailableError
    from grader.submission import UnreadableError

    if isinstance(error, UnreadableError):
        return text("cli.unreadable", language, error=error)
    if isinstance(error, UnavailableError):
        reasons = "; ".join(missing_text(reason, language) for reason in error.reasons)
        return text("cli.no_isolation", language, error=reasons)
    if isinstance(error, SandboxError):
        return text("cli.no_isolation", language, error=error)
    if isinstance(error, OSError):
        return text("cli.system", language, error=error)
    return None


def catalog_complaint(error: CatalogError, language: Language) -> str:
    """Return a catalogue error in the reader's language, where it is one for learners."""
    if error.code in ("no_root", "no_folder", "no_exercise"):
        known = error.values.get("known")
        shown = {"known": ", ".join(known)} if isinstance(known, list) else {}
        return text(f"cli.{error.code}", language, **{**error.values, **shown})
    return str(error)


def _complain(line: str, code: int = BAD_REQUEST) -> int:
    shown = " ".join(line.split())
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in shown)
    try:
        print(f"dojo: {shown}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        silence(sys.stderr)  # nobody is there to be told; the code says it all the same
    return code


# -- the streams -----------------------------------------------------------------------


def _prepare_streams() -> None:
    """Never fail over a stream that is closed, or a character that it cannot show."""
    for name in ("stdin", "stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # The lowest free descriptor, which is this stream's own: no file that is opened
            # later is taken for it.
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif name != "stdin" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _flushed(code: int, language: Language) -> int:
    """Write out what is still kept back, while there is somebody to tell of a failure."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        silence(sys.stdout)
    except OSError as error:
        silence(sys.stdout)
        problem = error.strerror or error
        return _complain(text("cli.cannot_write", language, path="stdout", error=problem))
    return code


def _reader_gone() -> bool:
    """Say whether a broken pipe is that of standard output."""
    try:
        sys.stdout.flush()  # fails once more, unless nothing is kept back
        watch = select.poll()
        watch.register(sys.stdout.fileno(), 0)
        return bool(watch.poll(0))  # asked for nothing, poll(2) tells of errors alone
    except (BrokenPipeError, AttributeError):
        return True
    except (OSError, ValueError):
        return False


def silence(stream: TextIO) -> None:
    """Let what a stream still keeps back go nowhere: the interpreter writes it at its end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


# -- signals ---------------------------------------------------------------------------


class _Ending:
    """Whether somebody has asked this process to end (one process, so one of these)."""

    asked_at: float | None = None
    raised = False
    held = 0
    over = False
    lock = threading.Lock()  # held by who sends a signal again, or stops such sending


def asked_to_end() -> bool:
    """Say whether the process is to end, even where a KeyboardInterrupt has got lost."""
    return _Ending.asked_at is not None


def end_if_asked() -> None:
    """Raise the KeyboardInterrupt that has got lost, or is still to come; it comes once."""
    if asked_to_end():
        _Ending.raised = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Do something short as a whole: who asks the process to end meanwhile waits for it."""
    _Ending.held += 1
    try:
        yield
    finally:
        _Ending.held -= 1
    if asked_to_end() and not _Ending.raised and not _Ending.held:
        _Ending.raised = True
        raise KeyboardInterrupt


@contextlib.contextmanager
def _ending_when_asked(for_good: bool) -> Iterator[None]:
    """Turn the signals that ask a process to end into one KeyboardInterrupt.

    What was ignored from the start (nohup, a shell's background job) stays so.  ``for_good``:
    the process is over with this, and a signal after it just ends it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {}
    hook = sys.unraisablehook
    _Ending.asked_at, _Ending.raised, _Ending.over = None, False, False
    try:
        sys.unraisablehook = _pass_over_interrupts
        for name in _ASKING:
            number = getattr(signal, name, None)
            if number and signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, _end)
        yield
    finally:
        _Ending.raised = True
        with _Ending.lock:  # a signal sent again after this would meet the default, and kill
            _Ending.over = True
        sys.unraisablehook = hook
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if for_good else handler)


def _end(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, once: a second one would cut the clearing-up short.

    Who asks again after the grace means it.
    """
    now = time.monotonic()
    if _Ending.asked_at is None:
        _Ending.asked_at = now
    if now - _Ending.asked_at < _GRACE_S:
        if _Ending.raised or _Ending.held:
            return
        if _is_taking_or_giving_back(frame):
            _thread.start_new_thread(_ask_again, (number,))
            return
    _Ending.raised = True
    raise KeyboardInterrupt


def _is_taking_or_giving_back(frame: FrameType | None) -> bool:
    """Say whether one of our objects is just being made or closed, which is done as a whole.

    Cut off in there, it would leave what it owns to nobody: ``finally`` itself has no shelter.
    So are modules imported: they exec() texts (dataclasses), and a KeyboardInterrupt that comes
    through there makes the interpreter kill itself with SIGINT at its end, whoever has caught it
    (``unhandled_keyboard_interrupt`` in CPython's pythonrun.c).
    """
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        if frame.f_code.co_name in ("__init__", "close", "__exit__"):
            module = frame.f_globals.get("__name__", "")
            if module.startswith("grader.") and module != __name__:
                return True
        frame = frame.f_back
    return False


def _ask_again(number: int) -> None:
    """Send the main thread a signal once more; it perhaps waits in a system call by then."""
    time.sleep(_AGAIN_S)
    with _Ending.lock:
        if _Ending.raised or _Ending.over:
            return
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            signal.raise_signal(number)


def _pass_over_interrupts(found: sys.UnraisableHookArgs) -> None:
    """Show no traceback where the signal hit a destructor; `asked_to_end` remembers it."""
    if found.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(found)


# -- the terminal ----------------------------------------------------------------------


def wants_colour() -> bool:
    """Say whether standard output is a terminal that wants colour (no-color.org)."""
    return (
        sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM", "") != "dumb"
    )


def is_ascii_only() -> bool:
    """Say whether standard output cannot show marks such as a tick."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "✓▸…中".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def suite_root() -> Path:
    """Return the suite's root, from the current folder upward (CatalogError)."""
    from grader.catalog import CatalogError, find_root

    try:
        here = Path.cwd()
    except OSError as error:
        message = f"the current folder: {error.strerror}"
        raise CatalogError(message, "no_folder", error=error.strerror) from None
    return find_root(here)
