"""The downloads of Moodle and Canvas, called as the platforms call them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from . import rosters
from .known import exercises
from .people import Person
from .plan import DUE, Handing, Plan, settled
from .sheet import Sheet, file_of, odd_nodes, portfolio
from .tree import BESIDE, UNKNOWN, Node, write_tree, zip_of
from .truth import Truth


def moodle(folder: Path, plan: Plan, zipped: bool = False) -> Truth:
    """A folder per submission; the list of students is the assignment's worksheet."""
    sheet = Sheet(plan, "exact", folder / "canaries")
    times = {}
    for person in (*plan.people, *plan.strangers):
        mine = settled(plan.handed[person.login])
        end = "" if int(person.participant) % 2 else "_"
        place = f"{_moodle_place(person)}_assignsubmission_file{end}"
        sheet.add(*(node.under(place) for node in portfolio(sheet, person, mine)))
        if mine:
            times[person.login] = (mine[0].when, mine[0].when > DUE["ex14"])
            text = f"{_moodle_place(person)}_assignsubmission_onlinetext_/onlinetext.html"
            sheet.add(Node(text, b"<p>See my files</p>", BESIDE))
    # The worksheet knows no time of who is not in it.
    for key in [key for key in sheet.handed if key[0] == "gast"]:
        sheet.handed[key] = [
            replace(one, when=None, file_time=one.when) for one in sheet.handed[key]
        ]
    source = _lay(folder, sheet, zipped)
    roster = folder / "worksheet.csv"
    roster.write_text(rosters.moodle_worksheet(plan.people, times), "utf-8", newline="")
    return sheet.truth("moodle", source, roster)


def moodle_flat(folder: Path, plan: Plan) -> Truth:
    """Moodle without folders; the list is the gradebook's, which tells no namesakes apart."""
    sheet = Sheet(plan, "none", folder / "canaries")
    names = [person.name for person in plan.people]
    for person in (*plan.people, *plan.strangers):
        mine = settled(plan.handed[person.login])
        place = f"{_moodle_place(person)}_assignsubmission_file_"
        if names.count(person.name) > 1:
            for one in mine:
                slug = exercises()[one.exercise].slug
                sheet.add(Node(f"{place}{slug}.py", one.known.source, UNKNOWN))
            sheet.remarks |= {("same_name", "")} if mine else set()
            continue
        nodes = [file_of(sheet, one, f"{exercises()[one.exercise].slug}.py") for one in mine]
        nodes += odd_nodes(plan.trouble.get(person.login, ""))
        sheet.add(*(replace(node, path=place + node.path) for node in nodes))
    write_tree(folder / "class", sheet.nodes)
    roster = folder / "grades.csv"
    roster.write_text(rosters.moodle_gradebook(plan.people), "utf-8", newline="")
    return sheet.truth("moodle_flat", folder / "class", roster)


def canvas(folder: Path, plan: Plan, zipped: bool = False) -> Truth:
    """Canvas's download, merged over the attempts; only its own marks say what was late."""
    sheet = Sheet(plan, "marks", folder / "canaries")
    for person in (*plan.people, *plan.strangers):
        mine = list(plan.handed[person.login])
        nodes = [(_canvas_node(sheet, person, mine, one)) for one in mine if not one.beside]
        for node in odd_nodes(plan.trouble.get(person.login, "")):
            nodes.append(replace(node, path=f"{_canvas_name(person)}_{_ids(person)}_{node.path}"))
        sheet.add(*nodes)
    source = _lay(folder, sheet, zipped)
    roster = folder / "gradebook.csv"
    roster.write_text(rosters.canvas(plan.people), "utf-8", newline="")
    return sheet.truth("canvas", source, roster)


def _lay(folder: Path, sheet: Sheet, zipped: bool) -> Path:
    """Write a download: unpacked, or as the zip that the platform gives."""
    if not zipped:
        write_tree(folder / "class", sheet.nodes)
        return folder / "class"
    for node in sheet.nodes:
        if node.kind == "fifo":  # no zip has one
            del sheet.entries[node.path]
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "submissions.zip"
    source.write_bytes(zip_of(sheet.nodes))
    return source


def _canvas_node(sheet: Sheet, person: Person, mine: list[Handing], one: Handing) -> Node:
    earlier = [other for other in mine[: mine.index(one)] if other.exercise == one.exercise]
    suffix = f"-{len(earlier)}" if earlier else ""
    late = "LATE_" if one.late else ""
    slug = exercises()[one.exercise].slug
    path = f"{_canvas_name(person)}_{late}{_ids(person)}_{slug}{suffix}.py"
    node = file_of(sheet, one, path)
    return replace(node, when=Node("").when)  # all files of a download have one time


def _canvas_name(person: Person) -> str:
    """The sortable name without what is no letter, digit or mark, in lower case.

    (canvas-lms, lib/submission_zip: ``gsub(/[^[[:word:]]]/, '').downcase``.)
    """
    return re.sub(r"\W", "", person.sortable).lower()[:100]


def _ids(person: Person) -> str:
    return f"{person.id}_{880_000 + int(person.participant)}"


def _moodle_place(person: Person) -> str:
    """The name as Moodle cleans it for a file, and the participant's number.

    (lib/classes/param.php, PARAM_FILE.)
    """
    name = re.sub(r"[\x00-\x1f\x7f&<>\"`|':\\/]", "", person.name)
    name = re.sub(r"\.\.+", "", name)
    return f"{name}_{person.participant}"
