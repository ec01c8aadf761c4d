"""Students' repositories: cloned already, or known by their URLs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from . import rosters
from .known import ROOT, exercises, stub
from .people import Person
from .plan import Handing, Plan, settled
from .sheet import Sheet, file_of, odd_nodes
from .tree import IGNORED, LONG_AGO, NOT_TAKEN, REFUSED, Node, write_tree
from .truth import Truth

_IDENTITY = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "PATH": os.environ.get("PATH", ""),
}


def clones(folder: Path, plan: Plan) -> Truth:
    """A folder with a clone of everyone's repository, ``network-lab-LOGIN``; one of them bites."""
    sheet = Sheet(plan, "exact", folder / "canaries")
    sheet.canaries.mkdir(parents=True)
    for person in (*plan.people, *plan.strangers):
        mine = settled(plan.handed[person.login])
        if not mine and plan.trouble.get(person.login) == "nothing":
            continue
        place = f"network-lab-{person.login}"
        nodes = _files(sheet, person, mine)
        sheet.add(*(node.under(place) for node in nodes))
        write_tree(folder / "class" / place, nodes)
        git = folder / "class" / place / ".git"
        commit(git, nodes, mine[0].when if mine else LONG_AGO)
        _bite(git, sheet.canaries)
        sheet.entries[f"{place}/.git/"] = IGNORED
    roster = folder / "roster.csv"
    roster.write_text(rosters.own(plan.people), "utf-8", newline="")
    return sheet.truth("repositories", folder / "class", roster)


def urls(folder: Path, plan: Plan) -> Truth:
    """A text file of URLs, with comments, one URL twice, and some that no one should follow."""
    sheet, found = _served(folder, plan, "git")
    bad = [
        f"file://{folder}/served/nobody.git",
        f"ext::sh -c 'touch% {sheet.canaries}/ext'",
        f"--upload-pack=touch${{IFS}}{sheet.canaries}/option",
        f"file://{folder}/served/-oops.git",
        f"fd::17/{sheet.canaries}",
    ]
    lines = ["# our repositories", "", *found.values(), next(iter(found.values())), *bad, "", ""]
    source = folder / "repositories.txt"
    source.write_text("\r\n".join(lines), "utf-8", newline="")
    sheet.mentions = ["nobody.git", "ext::sh", "--upload-pack", "fd::17"]
    roster = folder / "roster.csv"
    roster.write_text(rosters.own(plan.people), "utf-8", newline="")
    return sheet.truth("git", source, roster)


def roster_of_urls(folder: Path, plan: Plan) -> Truth:
    """A list of students with the URL of everyone's repository, which is all there is."""
    sheet, found = _served(folder, plan, "work")
    sheet.handed.pop(("gast", "ex03"), None)  # who is not in the list has no URL
    source = folder / "class.csv"
    source.write_text(rosters.with_urls(plan.people, found), "utf-8", newline="")
    return sheet.truth("roster_urls", source, None)


def _served(folder: Path, plan: Plan, prefix: str) -> tuple[Sheet, dict[str, str]]:
    sheet = Sheet(plan, "exact", folder / "canaries")
    sheet.canaries.mkdir(parents=True)
    found = {}
    for person in (*plan.people, *plan.strangers):
        mine = settled(plan.handed[person.login])
        if not mine and plan.trouble.get(person.login) == "nothing":
            continue
        git = folder / "served" / f"{prefix}-{person.login}.git"
        commit(git, _files(sheet, person, mine), mine[0].when if mine else LONG_AGO)
        found[person.login] = f"file://{git}"
    sheet.entries.clear()
    return sheet, found


def _files(sheet: Sheet, person: Person, mine: Iterable[Handing]) -> list[Node]:
    """Return a repository as it is handed out, with somebody's work in it."""
    work = {one.exercise: one for one in mine}
    nodes = [Node("README.md", b"# Network lab\n", IGNORED), Node(".gitignore", b"x\n", NOT_TAKEN)]
    odd = {f"{node.path}": node for node in odd_nodes(sheet.plan.trouble.get(person.login, ""))}
    for name, exercise in exercises().items():
        place = f"exercises/{exercise.folder}"
        path = f"{place}/{exercise.slug}.py"
        nodes.append(Node(f"{place}/.stub.py", stub(name), NOT_TAKEN))
        nodes.append(Node(f"{place}/README.md", b"# Read me\n", NOT_TAKEN))
        nodes.append(Node(f"{place}/exercise.yaml", _manifest(name), NOT_TAKEN))
        if name in work:
            nodes.append(file_of(sheet, work[name], path))
        elif name == "ex03" and odd.get("tcp_echo.py", Node("", kind="folder")).kind == "link":
            nodes.append(Node(path, b"/etc/passwd", REFUSED, "link"))
        else:
            nodes.append(Node(path, stub(name), NOT_TAKEN))
    return nodes


def _manifest(name: str) -> bytes:
    return (ROOT / "exercises" / exercises()[name].folder / "exercise.yaml").read_bytes()


def commit(git: Path, nodes: Iterable[Node], when: datetime) -> None:
    """Make a repository whose only commit, of that time, has these files and links."""
    git.parent.mkdir(parents=True, exist_ok=True)
    command = ["git", "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(git)]
    subprocess.run(command, check=True, env=_IDENTITY)
    message = f"commit refs/heads/main\ncommitter A <a@b> {int(when.timestamp())} +0100\n"
    data = bytearray(message.encode() + b"data 4\nwork\n")
    for node in nodes:
        if node.kind in ("file", "link"):
            mode = b"120000" if node.kind == "link" else b"100644"
            data += b"M %s inline %s\n" % (mode, node.path.encode())
            data += b"data %d\n%s\n" % (len(node.data), node.data)
    importing = ["git", f"--git-dir={git}", "fast-import", "--quiet"]
    subprocess.run(importing, input=bytes(data), check=True, env=_IDENTITY)


def _bite(git: Path, canaries: Path) -> None:
    """Have a clone's own settings run programs wherever git would let them."""
    command = f"touch {canaries}/git"
    hook = git / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{command}-hook\n", "utf-8")
    hook.chmod(0o755)
    program = git / "bite"
    program.write_text(f"#!/bin/sh\n{command}-program\n", "utf-8")
    program.chmod(0o755)
    (git / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"
        f"\tfsmonitor = {program}\n\tpager = {program}\n\tsshCommand = {program}\n"
        f"\teditor = {program}\n\thooksPath = {hook.parent}\n"
        f"[gpg]\n\tprogram = {program}\n[log]\n\tshowSignature = true\n"
        f"[diff]\n\texternal = {program}\n[uploadpack]\n\tpackObjectsHook = {program}\n",
        "utf-8",
    )
    _sign(git)


def _sign(git: Path) -> None:
    """Give the commit a signature, so that showing it would run the program that verifies it."""
    tell = [
        "git",
        f"--git-dir={git}",
        "-c",
        "log.showSignature=false",
        "cat-file",
        "commit",
        "main",
    ]
    text = subprocess.run(tell, check=True, env=_IDENTITY, capture_output=True).stdout
    head, _, rest = text.partition(b"\n\n")
    armour = b"-----BEGIN PGP SIGNATURE-----\n \n aGVsbG8=\n -----END PGP SIGNATURE-----"
    signed = head + b"\ngpgsig " + armour + b"\n\n" + rest
    keep = ["git", f"--git-dir={git}", "hash-object", "-t", "commit", "-w", "--stdin"]
    name = subprocess.run(keep, input=signed, check=True, env=_IDENTITY, capture_output=True)
    (git / "refs" / "heads" / "main").write_bytes(name.stdout.strip() + b"\n")
