"""How learning platforms name what they let teachers download.

Canvas (instructure/canvas-lms, ``lib/content_zipper.rb``: ``get_filename``,
``add_upload_submission``): ``SORTABLENAME_[LATE_]USERID_FILEID_FILE``, the name in lower case and
without anything but word characters ("Lee, Ann": ``leeann``); of anonymous assignments
``[LATE_]anon_CODE_FILEID_FILE``; of texts and links ``…_text.html`` and ``…_link.html``.  Of a
group it is the group's name.  A file that is uploaded again is called ``FILE-1``, ``FILE-2``
(``app/models/attachment.rb``: ``make_unique_filename``); the greater FILEID is the newer.

Moodle (moodle/moodle, ``mod/assign/classes/downloader.php``: ``get_student_prefix``,
``load_submissionplugin_filelist``): folders ``Full name_NUMBER_assignsubmission_file`` (older ones
with a ``_`` at the end), ``…_onlinetext`` for what was typed; without folders the file's name comes
after it.  NUMBER belongs to student and assignment: it is the "Participant NUMBER" of the grading
worksheet, and another one in the next assignment.  Blind: ``Participant_NUMBER_…``; of groups the
group's name and number, or "Default group" without one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grader.classroom.collecting.names import words

_MOODLE = re.compile(
    r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<file>.*))?",
    re.DOTALL,
)
_CANVAS = re.compile(
    r"(?:(?P<name>\w*?)_)??(?P<late>LATE_)?(?P<user>\d+|anon_[A-Za-z0-9]+)_"
    r"(?:(?P<upload>\d+)_(?P<file>.+)|(?P<typed>text|link)\.html?)",
    re.DOTALL,
)
# Canvas counts all files of all courses: its numbers of files are long.
_NUMBERS = re.compile(r"(?<=_)(?=(\d+)_\d{3,}_)")
_BLIND = frozenset(
    {"participant", "teilnehmer", "teilnehmer in", "参与者", "参加者", "participante"}
)
_TURN = re.compile(
    r"(?P<rest>.*?)(?:[-_ ]*[(（](?P<a>\d{1,3})[)）]|-(?P<b>\d{1,2})"
    r"|[-_ ]+(?:v|ver|version|attempt|第)[-_. ]?(?P<c>\d{1,3})(?:版|次)?)",
    re.IGNORECASE | re.DOTALL,
)
_COPY = re.compile(r"(?P<rest>.+?)(?:[-_ ]+(?:copy|kopie|副本|复制))", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Clue:
    """What a platform's name says.

    ``number`` is the platform's for the student (Moodle's: for student and assignment), ``file``
    the name that the student gave, ``upload`` grows with time; ``blind`` that ``name`` is nobody's.
    """

    platform: str  # "canvas", "moodle"
    name: str
    number: str = ""
    file: str = ""
    late: bool = False
    upload: int = 0
    typed: bool = False
    blind: bool = False


def clue_of(name: str, is_file: bool) -> Clue | None:
    """Read a name as Moodle's or Canvas's, or None; folders are Moodle's alone."""
    moodle = _MOODLE.fullmatch(name[:400])
    if moodle:
        return _moodle(moodle)
    canvas = _CANVAS.fullmatch(name[:400]) if is_file else None
    if canvas is None:
        return None
    who, anonymous = canvas["name"] or "", canvas["user"].startswith("anon_")
    # "LATE" is the only thing that Canvas writes in capitals; of a name of signs nothing is left.
    if who != who.lower() or (canvas["name"] is None and not anonymous):
        return None
    return Clue(
        "canvas",
        who,
        canvas["user"].removeprefix("anon_"),
        canvas["file"] or "",
        bool(canvas["late"]),
        int((canvas["upload"] or "0")[:18]),
        bool(canvas["typed"]),
        blind=anonymous,
    )


def canvas_numbers(name: str) -> list[str]:
    """Return every number in a name of Canvas's that could be the student's.

    Where students choose what they are called, a name may hold somebody else's number.
    """
    return [found[1] for found in _NUMBERS.finditer(name[:400])]


def _moodle(found: re.Match[str]) -> Clue:
    name = " ".join(found["name"].replace("_", " ").split())
    blind = " ".join(words(name)) in _BLIND
    typed = found["plugin"] != "file"
    return Clue(
        "moodle", name, found["number"] or "", found["file"] or "", typed=typed, blind=blind
    )


def turn_of(stem: str) -> tuple[str, int | None]:
    """Return a file's stem without the marks of a further attempt, and the last such number.

    ``tcp_echo-2``, ``tcp_echo (2)``, ``tcp_echo_v2`` are ("tcp_echo", 2); a copy has no number.
    """
    turn: int | None = None
    for _ in range(3):
        found = _TURN.fullmatch(stem) or _COPY.fullmatch(stem)
        if found is None or not found["rest"]:
            break
        stem = found["rest"].rstrip("-_ ")
        numbers = [found[key] for key in "abc" if key in found.groupdict() and found[key]]
        if numbers and turn is None:
            turn = int(numbers[0])
    return stem, turn
