"""``new-exercise``: the folders and files of an exercise that is still to be written."""

from __future__ import annotations

from collections.abc import Sequence

from grader.authoring.layout import LayoutError, NewExercise, lay_out
from grader.cli import PASSED, BadRequestError, Parser, suite_root, uninterrupted
from grader.model import Language
from grader.texts import text


def run(argv: Sequence[str], language: Language) -> int:
    """Lay out one exercise; whatever is in its way is one line, and nothing is left behind."""
    made = Parser(prog="new-exercise", description=text("authoring.about", language))
    made.add_argument("id", metavar="exNN", help=text("authoring.id_help", language))
    made.add_argument("slug", metavar="slug", help=text("authoring.slug_help", language))
    made.add_argument(
        "--lang", choices=("en", "zh"), default=language, help=text("cli.grade_lang", language)
    )
    arguments = made.parse_args(argv)
    language = arguments.lang
    new = NewExercise(arguments.id, arguments.slug)
    root = suite_root()
    try:
        with uninterrupted():
            files = lay_out(root, new)
    except LayoutError as error:
        raise BadRequestError(text(f"authoring.{error.key}", language, **error.values)) from None
    except OSError as error:
        raise BadRequestError(text("authoring.failed", language, error=error)) from None
    print(text("authoring.laid_out", language, folder=new.folder))
    print("\n".join(f"  {name}" for name in sorted(files)))
    print(text("authoring.next", language, id=new.id))
    return PASSED
