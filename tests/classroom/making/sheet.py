"""A class being laid out: what is written, and what must be made of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from .known import exercises, notebook, stub
from .people import Person
from .plan import Handing, Plan
from .tree import BESIDE, DUPLICATE, NOT_TAKEN, REFUSED, UNKNOWN, Node, Roles
from .truth import Expected, Times, Truth


class Sheet:
    """Gathers nodes, and the truth about them."""

    def __init__(self, plan: Plan, times: Times, canaries: Path) -> None:
        self.plan = plan
        self.times = times
        self.canaries = canaries
        self.nodes: list[Node] = []
        self.handed: dict[tuple[str, str], list[Expected]] = {}
        self.entries: dict[str, Roles] = {}
        self.loose: dict[str, Roles] = {}
        self.remarks: set[tuple[str, str]] = set()
        self.mentions: list[str] = []

    def add(self, *nodes: Node) -> None:
        """Write nodes, each with an entry of its own (but folders)."""
        for node in nodes:
            self.nodes.append(node)
            if node.kind != "folder":
                self.entries[node.path] = node.roles

    def expect(self, handing: Handing) -> bool:
        """Expect that this file is graded; False: it is an untouched stub, and is not."""
        if handing.known.source == stub(handing.exercise):
            return False
        mine = self.handed.setdefault((handing.login, handing.exercise), [])
        order = mine[-1].order + (not handing.beside) if mine else 1
        when: datetime | None = handing.when if self.times == "exact" else None
        late = handing.late and self.times == "marks"
        own = handing.when if self.times == "none" else None
        mine.append(Expected(handing.known, order, when, late, own))
        if handing.beside:
            self.remarks.add(("two_candidates", handing.login))
        return True

    def truth(self, layout: str, source: Path, roster: Path | None) -> Truth:
        """Return what has been gathered."""
        return Truth(
            layout,
            source,
            roster,
            self.plan.people,
            self.plan.strangers,
            {key: tuple(files) for key, files in self.handed.items()},
            self.entries,
            self.loose,
            frozenset(self.remarks),
            self.canaries,
            tuple(self.mentions),
        )


def file_of(sheet: Sheet, handing: Handing, path: str) -> Node:
    """Return the node of a file that is handed in, and expect it to be graded."""
    taken = sheet.expect(handing)
    node = Node(path, handing.known.source, when=handing.when)
    return node if taken else replace(node, roles=NOT_TAKEN)


def portfolio(sheet: Sheet, person: Person, files: list[Handing]) -> list[Node]:
    """Return what one student has in a folder of their own, troubles and all."""
    trouble = sheet.plan.trouble.get(person.login, "")
    nodes = []
    for name in dict.fromkeys(one.exercise for one in files):
        mine = [one for one in files if one.exercise == name]
        for number, one in enumerate(mine):
            nodes.append(file_of(sheet, one, _path_of(person, trouble, mine, number)))
    if trouble == "duplicate":
        nodes[0] = replace(nodes[0], roles=DUPLICATE)
        nodes.append(replace(nodes[0], path=f"copy/{nodes[0].path}"))
    return [*nodes, *odd_nodes(trouble), *_noise(person, bool(nodes))]


def _path_of(person: Person, trouble: str, mine: list[Handing], number: int) -> str:
    exercise = exercises()[mine[0].exercise]
    slug, style = exercise.slug, int(person.participant) % 4
    if trouble == "two_candidates":
        return f"{'ab'[number]}/{slug}.py"
    if trouble == "guessed":
        return "main.py"
    if trouble == "upper_case":
        return f"{slug.title()}.py"
    if len(mine) > 1:
        return f"{slug} ({number}).py" if number else f"{slug}.py"
    return (
        f"{slug}.py",
        f"{exercise.folder}/{slug}.py",
        f"{exercise.id}/solution.py",
        f"{exercise.id}.py",
    )[style]


def odd_nodes(trouble: str) -> list[Node]:
    """Return what some students have instead of work, but for archives."""
    link = Node("tcp_echo.py", b"/etc/passwd", REFUSED, "link")
    return {
        "link_file": [link],
        "link_loop": [
            replace(link, path="loop", data=b"."),
            replace(link, path="a", data=b"b"),
            replace(link, path="b", data=b"a"),
        ],
        "link_folder": [replace(link, path="more", data=b"/etc")],
        "fifo": [Node("tcp_echo.py", roles=REFUSED, kind="fifo")],
        "folder_named": [
            Node("tcp_echo.py", kind="folder"),
            Node("tcp_echo.py/notes.txt", b"...", BESIDE),
        ],
        "ipynb": [Node("tcp_echo.ipynb", notebook(b"print(1)\n"), BESIDE)],
        "rar": [Node("work.rar", b"Rar!\x1a\x07\x01\x00" + bytes(60), UNKNOWN | REFUSED)],
    }.get(trouble, [])


def _noise(person: Person, has_work: bool) -> list[Node]:
    all_of_it = [
        Node("README.md", b"# my work\n", BESIDE),
        Node(".DS_Store", b"\x00\x00\x00\x01Bud1", BESIDE),
        Node("__MACOSX/._tcp_echo.py", b"\x00\x05\x16\x07", BESIDE),
        Node("__pycache__/tcp_echo.cpython-311.pyc", b"\xa7\r\r\n" + bytes(12), BESIDE),
        Node("helper.py", b"def helper():\n    return 1\n", BESIDE),
        Node("test_tcp_echo.py", b"def test_nothing():\n    pass\n", BESIDE),
        Node("._http_request.py", b"\x00\x05\x16\x07", BESIDE),
        Node("notes.txt", b"=1+1\n", BESIDE),
    ]
    number = int(person.participant)
    return all_of_it[number % 5 : number % 5 + number % 4] if has_work else []
