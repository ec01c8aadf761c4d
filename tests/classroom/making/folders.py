"""What instructors have without a platform: a folder each, flat files, zips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from . import archives, rosters
from .known import exercises, graded_well
from .people import Person
from .plan import Plan
from .sheet import Sheet, file_of, odd_nodes, portfolio
from .tree import (
    ARCHIVE,
    BESIDE,
    DUPLICATE,
    NOT_ALLOWED,
    NOT_TAKEN,
    UNKNOWN,
    Node,
    write_tree,
    zip_of,
)
from .truth import Truth


def folders(folder: Path, plan: Plan) -> Truth:
    """A folder per student, called by login, name or number; the list of students in Chinese."""
    sheet = Sheet(plan, "none", folder / "canaries")
    for node in _in_folders(sheet):
        sheet.add(node)
    sheet.add(*_astray(), *_on_disk_only())
    sheet.loose["caf"] = NOT_TAKEN
    write_tree(folder / "class", [*sheet.nodes, Node("caf\udce9.py", b"x = 1\n")])
    roster = folder / "roster.csv"
    roster.write_bytes(b"\xef\xbb\xbf" + rosters.own_in_chinese(plan.people).encode())
    return sheet.truth("folders", folder / "class", roster)


def one_zip(folder: Path, plan: Plan) -> Truth:
    """The same in a single zip, below a folder that all have in common."""
    sheet = Sheet(plan, "none", folder / "canaries")
    inside = [*_in_folders(sheet), *_astray()]
    nodes = [node.under("Abgaben 2026") for node in inside if node.kind not in ("fifo", "folder")]
    sheet.add(*nodes)
    sheet.loose = {f"Abgaben 2026/{begin}": roles for begin, roles in sheet.loose.items()}
    escape = folder / "canaries" / "from_the_zip.py"
    for path in ("../../escaped.py", str(escape), "a\\..\\..\\b.py"):
        sheet.add(Node(path, b"def serve(host, port): pass\n", NOT_TAKEN))
        sheet.loose[path] = sheet.entries.pop(path)
    source = folder / "class.zip"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(zip_of(sheet.nodes))
    roster = folder / "roster.csv"
    roster.write_text(rosters.canvas(plan.people), encoding="utf-8", newline="")
    return sheet.truth("zip", source, roster)


def zips(folder: Path, plan: Plan) -> Truth:
    """Zips: in a folder per student, or by themselves, some in another zip, some that do harm."""
    sheet = Sheet(plan, "none", folder / "canaries")
    for number, person in enumerate((*plan.people, *plan.strangers)):
        files = [*plan.handed[person.login]]
        trouble = plan.trouble.get(person.login, "")
        path = (f"{person.login}.zip", f"{person.login}/my work.zip")[number % 2]
        if trouble in ("fifo", "folder_named"):
            sheet.add(*(node.under(person.login) for node in portfolio(sheet, person, files)))
            continue
        if harm := _harm(trouble, folder / "canaries"):
            sheet.add(replace(harm, path=path))
            sheet.loose[path] = NOT_TAKEN | ARCHIVE
            continue
        members = portfolio(sheet, person, files)
        if not members:
            continue
        for member in members:
            inner = f"{path}!/inner.zip!/" if number % 5 == 4 else f"{path}!/"
            sheet.entries[inner + member.path] = member.roles
        data = zip_of(members)
        if number % 5 == 4:
            sheet.entries[f"{path}!/inner.zip"] = ARCHIVE
            data = zip_of([Node("inner.zip", data)])
        sheet.add(Node(path, data, ARCHIVE))
    write_tree(folder / "class", sheet.nodes)
    roster = folder / "roster.csv"
    roster.write_bytes(rosters.own(plan.people, "\t").encode("utf-16"))
    return sheet.truth("zips", folder / "class", roster)


def flat(folder: Path, plan: Plan) -> Truth:
    """All files in one folder, with somebody's login or number and the exercise in their names."""
    sheet = Sheet(plan, "none", folder / "canaries")
    for person in (*plan.people, *plan.strangers):
        sheet.add(*_flat_files(sheet, person))
    sheet.add(*_on_disk_only())
    write_tree(folder / "class", sheet.nodes)
    roster = folder / "roster.csv"
    roster.write_bytes(rosters.own(plan.people, ";").encode("gb18030"))
    return sheet.truth("flat", folder / "class", roster)


def _flat_files(sheet: Sheet, person: Person) -> list[Node]:
    trouble, nodes = sheet.plan.trouble.get(person.login, ""), []
    files = sheet.plan.handed[person.login]
    if trouble == "guessed":
        return []
    for name in dict.fromkeys(one.exercise for one in files):
        slug = exercises()[name].slug
        mine = [one for one in files if one.exercise == name]
        for number, one in enumerate(mine):
            suffix = f"-{number}" if number and not one.beside else ""
            style = 0 if len(mine) > 1 else int(person.participant) % 4
            path = (
                f"{person.login}_{slug}{suffix}.py",
                f"{slug}_{person.login}.py",
                f"{name}_{person.login}.py",
                f"{person.login}-{name}.py",
            )[style]
            if one.beside:
                path = f"{slug}_{person.login}.py"
            nodes.append(file_of(sheet, one, path))
    if trouble == "duplicate":
        copy = f"{person.login} {exercises()[files[0].exercise].slug}.py"
        nodes[0] = replace(nodes[0], roles=DUPLICATE)
        nodes.append(replace(nodes[0], path=copy))
    odd = odd_nodes(trouble)
    return nodes + [replace(node, path=f"{person.login}_{node.path}") for node in odd]


def _in_folders(sheet: Sheet) -> list[Node]:
    nodes, names = [], [person.name for person in sheet.plan.people]
    for person in (*sheet.plan.people, *sheet.plan.strangers):
        unique = names.count(person.name) == 1
        inside = portfolio(sheet, person, [*sheet.plan.handed[person.login]])
        nodes += [node.under(_folder_of(person, unique)) for node in inside]
        if harm := _harm(sheet.plan.trouble.get(person.login, ""), sheet.canaries):
            harm = harm.under(_folder_of(person, unique))
            sheet.loose[harm.path] = NOT_TAKEN | ARCHIVE
            nodes.append(harm)
    shared = next((name for name in names if names.count(name) > 1), "")
    if shared:  # nobody knows whose it is
        nodes.append(Node(f"{shared}/tcp_echo.py", graded_well("ex03")[0].source, UNKNOWN))
        sheet.remarks.add(("same_name", ""))
    return nodes


def _folder_of(person: Person, unique: bool) -> str:
    name = person.spelled
    usable = "/" not in name and len(name.encode()) < 200
    if not usable:
        return person.login
    plain = (person.login, f"{name}_{person.id}", name, f"{person.id} {name}")
    style = int(person.participant) % 4
    return plain[style] if unique or style != 2 else person.login


def _harm(trouble: str, canaries: Path) -> Node | None:
    """Return an archive that harms, or none where this is not the trouble."""
    if trouble == "slip":
        return Node("work.zip", archives.slip(str(canaries / "slipped.py")), NOT_ALLOWED | ARCHIVE)
    made: dict[str, Callable[[], bytes]] = {
        "broken_zip": archives.broken,
        "cut_zip": archives.cut,
        "bomb": archives.bomb,
        "many": archives.many,
        "zip_links": archives.links,
        "encrypted_zip": archives.encrypted,
    }
    if trouble not in made:
        return None
    return Node("work.zip", made[trouble](), NOT_ALLOWED | ARCHIVE)


def _astray() -> list[Node]:
    """What lies about at the top, and is nobody's."""
    return [
        Node("README.md", b"# handed in\n", BESIDE),
        Node(".DS_Store", b"\x00\x00\x00\x01Bud1", BESIDE),
        Node("Thumbs.db", b"\xd0\xcf\x11\xe0", BESIDE),
        Node("tcp_echo.py", graded_well("ex03")[0].source, UNKNOWN),
        Node('=HYPERLINK("x")_notes.txt', b"...", BESIDE),
        Node("\x1b[31mred\x1b[0m.txt", b"...", BESIDE),
        Node("b" * 200 + ".txt", b"...", BESIDE),
    ]


def _on_disk_only() -> list[Node]:
    return [
        Node("a\nb.txt", b"...", BESIDE),
        Node("everything", b"/", NOT_ALLOWED, "link"),
        Node("pipe", roles=NOT_ALLOWED, kind="fifo"),
        Node("screen.mp4", b"1073741824", NOT_TAKEN, "sparse"),
    ]
