"""``settings``: what is chosen once and for all; shown, or changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from grader import settings
from grader.cli import PASSED, BadRequestError, Parser, locale_language, suite_root
from grader.model import LANGUAGES, Language
from grader.store import relative
from grader.texts import text

KNOWN: dict[str, tuple[str, ...]] = {"lang": (*LANGUAGES, "auto")}


def run(argv: Sequence[str], language: Language) -> int:
    """Show every setting, one, or change one."""
    made = Parser(prog="settings", description=text("learner.settings_about", language))
    made.add_argument("key", nargs="?", metavar="KEY", help=text("learner.settings_key", language))
    made.add_argument(
        "value", nargs="?", metavar="VALUE", help=text("learner.settings_value", language)
    )
    made.add_argument(
        "--lang", choices=LANGUAGES, default=None, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang or language
    root = suite_root()
    key, value = arguments.key, arguments.value
    if key is not None and key not in KNOWN:
        known = ", ".join(KNOWN)
        raise BadRequestError(text("learner.settings_no_key", language, name=key[:40], known=known))
    if value is not None:
        if value not in KNOWN[key]:
            values = {"name": key, "value": value[:40], "known": ", ".join(KNOWN[key])}
            raise BadRequestError(text("learner.settings_no_value", language, **values))
        _keep(root, key, value, language)
        language = arguments.lang or locale_language()
    try:
        found = settings.load(root)
    except settings.SettingsError:
        found = {}  # told of when the language was looked for
    for name, choices in KNOWN.items():
        if key in (None, name):
            shown = found.get(name) if found.get(name) in choices else "auto"
            print(
                text(f"learner.settings_is_{name}", language, value=shown, known="|".join(choices))
            )
    if "DOJO_LANG" in os.environ and key in (None, "lang"):
        print(text("learner.settings_overruled", language, value=os.environ["DOJO_LANG"][:40]))
    return PASSED


def _keep(root: Path, key: str, value: str, language: Language) -> None:
    try:
        kept = settings.keep(root, key, value)
    except OSError as error:
        shown, problem = relative(settings.path(root), root), error.strerror or error
        line = text("cli.cannot_write", language, path=shown, error=problem)
        raise BadRequestError(line) from None
    if kept is not None:
        print(text("learner.settings_kept", language, kept=relative(kept, root)))
