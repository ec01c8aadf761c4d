"""The command line: ``python -m grader COMMAND``; each nox session is a thin call of it.

Exit codes: 0 every counted check passed; 1 the learner's work fell short; 2 the request
cannot be carried out (one line on standard error); 3 the grader's own fault.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from grader import __version__
from grader.model import Language
from grader.texts import missing_text, text

if TYPE_CHECKING:
    from grader.catalog import CatalogError

PASSED, FALLEN_SHORT, BAD_REQUEST, OUR_FAULT, INTERRUPTED = 0, 1, 2, 3, 130
COMMANDS: dict[str, str] = {
    "grade": "grader.commands.grade",
    "hint": "grader.commands.hint",
    "doctor": "grader.commands.doctor",
    "verify": "grader.commands.verify",
    "flakes": "grader.commands.flakes",
    "bench": "grader.commands.bench",
}


class BadRequestError(Exception):
    """The request cannot be carried out; the text is one line for whoever asked."""


def locale_language() -> Language:
    """Return the language that the environment asks for (setlocale(3)'s order)."""
    for name in ("DOJO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Raise BadRequestError instead of printing the usage."""
        raise BadRequestError(message)


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
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    language = _language_of(words)
    _prepare_streams()
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

        signal.signal(signal.SIGTERM, _terminated)
        run: Callable[[Sequence[str], Language], int] = import_module(module).run
        return run(words[1:], language)
    except BadRequestError as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _complain(text("cli.interrupted", language), INTERRUPTED)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BAD_REQUEST
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else PASSED
    except Exception as error:
        found = _known_complaint(error, language)
        if found is not None:
            return _complain(found)
        if os.environ.get("DOJO_TRACEBACK"):
            raise
        shown = f"{type(error).__name__}: {error}"
        return _complain(text("cli.our_fault", language, error=shown[:500]), OUR_FAULT)


def _known_complaint(error: Exception, language: Language) -> str | None:
    """Return the line for an error that is about the request, not about us."""
    from grader.catalog import CatalogError

    if isinstance(error, CatalogError):
        return catalog_complaint(error, language)
    from grader.judge import UnreadableError
    from grader.sandbox import SandboxError, UnavailableError

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
    if error.code in ("no_root", "no_exercise"):
        known = error.values.get("known")
        shown = {"known": ", ".join(known)} if isinstance(known, list) else {}
        return text(f"cli.{error.code}", language, **{**error.values, **shown})
    return str(error)


def _complain(line: str, code: int = BAD_REQUEST) -> int:
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(line.split()))
    print(f"dojo: {shown}", file=sys.stderr)
    return code


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _prepare_streams() -> None:
    """Never fail over a character that the terminal cannot show."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


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
    from grader.catalog import find_root

    return find_root(Path.cwd())
