"""The list of students as the platforms write it, and as people do."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from .people import Person

ZONE = ZoneInfo("Europe/Berlin")


def _table(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


def own(people: Sequence[Person], delimiter: str = ",") -> str:
    """Return our own format, in English, with a column that nobody knows."""
    rows = [["name", "id", "login", "mail", "section", "Seat"]]
    rows += [[p.name, p.id, p.login, p.mail, p.section, f"R{p.participant}"] for p in people]
    return _table(rows, delimiter)


def own_in_chinese(people: Sequence[Person]) -> str:
    """Return our own format with Chinese headings."""
    rows = [["姓名", "学号", "用户名", "邮箱", "班级"]]
    rows += [[p.name, p.id, p.login, p.mail, p.section] for p in people]
    return _table(rows)


def with_urls(people: Sequence[Person], urls: Mapping[str, str]) -> str:
    """Return our own format with the URL of everyone's repository ("" where there is none)."""
    rows = [["login", "name", "id", "mail", "url"]]
    rows += [[p.login, p.name, p.id, p.mail, urls.get(p.login, "")] for p in people]
    return _table(rows)


def canvas(people: Sequence[Person]) -> str:
    """Return Canvas's gradebook export: its row of points, and its test student at the end."""
    heads = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    titles = ["TCP echo (4711)", "HTTP request (4712)", "Final Score"]
    rows = [[*heads, *titles], ["", "", "", "", "", "Manual Posting", "", ""]]
    rows.append(["    Points Possible", "", "", "", "", "24.0", "25.0", "(read only)"])
    rows += [[p.sortable, p.id, p.sis_id, p.login, p.section, "", "", ""] for p in people]
    rows.append(["Student, Test", "999999", "", "7f3a9be0c1", "Group A", "", "", ""])
    return _table(rows)


def moodle_gradebook(people: Sequence[Person]) -> str:
    """Return Moodle's gradebook export."""
    heads = ["First name", "Last name", "ID number", "Institution", "Department", "Email address"]
    rows = [[*heads, "Assignment: TCP echo (Real)", "Last downloaded from this course"]]
    rows += [[p.given, p.family, p.id, "", "", p.mail, "-", "1700000000"] for p in people]
    return _table(rows)


def moodle_worksheet(people: Sequence[Person], times: Mapping[str, tuple[datetime, bool]]) -> str:
    """Return the worksheet of a Moodle assignment; ``times``: when each login handed in, and late.

    (mod/assign/feedback/offline and gradingtable.php: the identifier is the participant's, the
    status has "… late" behind it, a time is written out in the reader's zone.)
    """
    heads = ["Identifier", "Full name", "ID number", "Email address", "Status", "Grade"]
    heads += ["Maximum Grade", "Grade can be changed", "Last modified (submission)"]
    rows = [[*heads, "Last modified (grade)", "Feedback comments"]]
    for p in people:
        status, when = "No submission", "-"
        if p.login in times:
            at, late = times[p.login]
            status = "Submitted for grading" + (" - 12 hours late" if late else "")
            when = at.astimezone(ZONE).strftime("%A, %-d %B %Y, %-I:%M %p")
        mine = [f"Participant {p.participant}", p.name, p.id, p.mail]
        rows.append([*mine, status, "", "24.00", "Yes", when, "-", ""])
    return _table(rows)
