"""What a file is by its name alone: work, an archive, or nothing that could be graded."""

from __future__ import annotations

import re

from grader.classroom.model import EntryRole

# Folders that are nobody's work; they have one entry for all that is in them.
_FOLDERS = frozenset(
    {
        ".git", ".hg", ".svn", "__pycache__", "__macosx", ".idea", ".vscode", ".venv", "venv",
        "node_modules", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".nox", ".tox", ".github",
        ".gitlab", ".dojo", ".ipynb_checkpoints", ".spotlight-v100", ".trashes", ".fseventsd",
        "$recycle.bin", "system volume information",
    }
)  # fmt: skip
_SYSTEM = re.compile(
    r"\.ds_store|\._.*|thumbs\.db|desktop\.ini|icon\r|\.localized|.*\.py[co]|.*~|\.#.*|.*\.sw[op]"
    r"|~\$.*|\.stub\.py",
    re.IGNORECASE,
)
_PAPERS = re.compile(
    r"(read_?me|licen[cs]e|copying|changelog|contributing|authors|自述|说明)(\..*)?|\.git\w*"
    r"|\.editorconfig|requirements.*\.txt|pyproject\.toml|setup\.(py|cfg)|poetry\.lock|uv\.lock"
    r"|exercise\.yaml|course\.yaml",
    re.IGNORECASE,
)
_TESTS = re.compile(r"(test_.*|.*_test|tests?|conftest|noxfile|__init__|__main__)\.py", re.I)
_OTHER_ARCHIVES = re.compile(r".*\.(tar|tgz|tbz2?|txz|rar|7z|gz|bz2|xz|zst|zipx|lzh|cab|iso)", re.I)
_NOTEBOOK = re.compile(r".*\.ipynb", re.IGNORECASE)
_TYPED = re.compile(
    r"onlinetext(_.*)?\.html?|.*_assignsubmission_onlinetext_.*|.*_\d+_(text|link)\.html", re.I
)


def is_ignored_folder(name: str) -> bool:
    """Tell whether nothing in a folder can be anybody's work."""
    return name.casefold() in _FOLDERS


def is_python(name: str) -> bool:
    """Tell whether a file may be a submission."""
    return name.casefold().endswith(".py") and not is_known(name)


def is_zip(name: str) -> bool:
    """Tell whether a file calls itself a zip."""
    return name.casefold().endswith(".zip") and not _SYSTEM.fullmatch(name)


def is_table(name: str) -> bool:
    """Tell whether a file may be a list of students."""
    return name.casefold().endswith((".csv", ".tsv")) and not _SYSTEM.fullmatch(name)


def is_known(name: str) -> bool:
    """Tell whether a name is one that is never work, whatever is in the file."""
    return any(pattern.fullmatch(name) for pattern in (_SYSTEM, _PAPERS, _TESTS))


def kind_of(name: str) -> tuple[EntryRole, str]:
    """Return role and reason of a file that is neither Python nor a zip, by its name."""
    if _SYSTEM.fullmatch(name):
        return "ignored", "system_file"
    if _PAPERS.fullmatch(name):
        return "ignored", "paper"
    if _TESTS.fullmatch(name):
        return "ignored", "test_file"
    if _TYPED.fullmatch(name):
        return "unknown", "typed_online"
    if _NOTEBOOK.fullmatch(name):
        return "unknown", "notebook"
    if _OTHER_ARCHIVES.fullmatch(name):
        return "unknown", "unpack_it"
    return "unknown", "not_python"
