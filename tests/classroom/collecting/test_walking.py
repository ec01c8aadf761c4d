"""Everything in a folder is found once, and nothing outside is read."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.classroom.collecting import CollectError, CollectOptions, Sources, collect, limits
from grader.classroom.collecting.walking import Walk

from .conftest import ECHO, ROOT, Collect, exercises, write, zipped

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
SECRET = b"def serve(host, port): ...\ndef echo(a, b, c, d): secret\n"


@needs_links
@pytest.mark.parametrize("target", ["secret.py", "secret", ".", "loop", "nowhere", "/etc/passwd"])
def test_links_are_refused(target: str, tmp_path: Path, collected: Collect) -> None:
    outside = write(tmp_path / "outside", {"secret.py": SECRET, "secret/tcp_echo.py": SECRET})
    source = write(tmp_path / "class", {"bob/tcp_echo.py": ECHO})
    (source / "ann").mkdir()
    place = source / "ann" / ("loop" if target == "loop" else "tcp_echo.py")
    place.symlink_to(target if target in (".", "loop", "/etc/passwd") else outside / target)
    seen = collected(source)
    assert seen.roles[f"ann/{place.name}"] == "refused link"
    assert list(seen.handed) == ["bob/tcp_echo.py"]


@needs_links
def test_pipes_and_sockets_are_never_opened(tmp_path: Path, collected: Collect) -> None:
    source = write(tmp_path / "class", {"ann/": b""})
    os.mkfifo(source / "ann" / "tcp_echo.py")
    folder = Path(tempfile.mkdtemp(dir="/tmp"))  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s.py"))
        os.rename(folder / "s.py", source / "ann" / "bytes_codec.py")
        folder.rmdir()
        roles = collected(source).roles
    assert set(roles.values()) == {"refused not_regular"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_what_the_system_does_not_let_be_read(tmp_path: Path, collected: Collect) -> None:
    source = write(tmp_path / "class", {"ann/tcp_echo.py": ECHO, "bob/tcp_echo.py": ECHO})
    (source / "ann" / "tcp_echo.py").chmod(0)
    (source / "bob").chmod(0)
    try:
        roles = collected(source).roles
    finally:
        (source / "bob").chmod(0o700)
    assert roles == {"ann/tcp_echo.py": "unreadable system", "bob/": "unreadable system"}


def test_a_folder_that_cannot_be_listed_is_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collected: Collect
) -> None:
    source = write(tmp_path / "class", {"ann/tcp_echo.py": ECHO, "bob/tcp_echo.py": ECHO})
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "bob":
            raise PermissionError(13, "Permission denied")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        assert collected(source).roles["bob/"] == "unreadable system"


def test_a_folder_called_like_a_file(collected: Collect) -> None:
    seen = collected({"ann/tcp_echo.py/notes.txt": b"", "bob/tcp_echo.py/tcp_echo.py": ECHO})
    assert seen.roles["ann/tcp_echo.py/"] == "unknown folder_not_file"
    assert "bob/tcp_echo.py/tcp_echo.py" in seen.handed


def test_folders_too_deep_are_an_entry(tmp_path: Path, collected: Collect) -> None:
    deep = "ann/" + "d/" * (limits.MAX_DEPTH + 3)
    roles = collected({f"{deep}tcp_echo.py": ECHO}).roles
    assert list(roles.values()) == ["refused too_deep"]


def test_too_many_files_end_with_an_entry(
    monkeypatch: pytest.MonkeyPatch, collected: Collect
) -> None:
    monkeypatch.setattr(limits, "MAX_FILES", 3)
    seen = collected({f"ann{n}/tcp_echo.py": ECHO for n in range(9)})
    assert len(seen.roles) == 4
    assert "refused too_many" in seen.roles.values()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize(
    ("raw", "shown"),
    [(b"caf\xe9.py", "caf\\xe9.py"), ("张三.py".encode("gb18030"), "张三.py")],
    ids=["latin", "gb18030"],
)
def test_names_that_are_no_utf_8(raw: bytes, shown: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "class", {})
    Path(os.fsdecode(os.fsencode(folder) + b"/" + raw)).write_bytes(b"x")
    with Sources(tmp_path) as sources:
        walk = Walk(sources)
        walk.folder(folder)
    (found,) = walk.findings.found
    assert found.path == shown
    assert found.path.encode("utf-8")


def test_a_disk_that_is_full_is_nobodys_fault(
    tmp_path: Path, collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    source = write(tmp_path / "class", {"ann/tcp_echo.py": ECHO})
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: full())
    with pytest.raises(CollectError, match="cannot be kept"):
        collected(source)


NAMES = st.sampled_from(
    [
        "tcp_echo.py", "bytes_codec.py", "ann", "bob", "ex03", "a b", "__MACOSX", ".git", "=1+1",
        "README.md", "x\ny", "\x1b[31m", "\u202egpj", "张三", "ann_tcp_echo.py", "tcp_echo (1).py",
        "leeann_LATE_1_2_tcp_echo-1.py", "Ann Lee_12_assignsubmission_file_", "a.zip", "{0}", "%s",
        "anon_x_1_tcp_echo.py", "exercises", "ex03_tcp_echo", "notes.txt", "class.csv", "🦊", "-",
        "x" * 90, "'\"<&>",
    ]
)  # fmt: skip
CONTENTS = st.sampled_from(
    [
        ECHO,
        ECHO + b"2",
        b"",
        b"\xff",
        zipped({"ann/tcp_echo.py": ECHO, "../b": b""}),
        b"name,id\nAnn,1",
    ]
)
LEAVES = st.one_of(CONTENTS, st.just("link"), st.just("pipe"))
TREES = st.recursive(
    st.dictionaries(NAMES, LEAVES, max_size=5),
    lambda inner: st.dictionaries(NAMES, st.one_of(LEAVES, inner), max_size=5),
    max_leaves=12,
)


def build(folder: Path, tree: dict[str, object], secret: Path) -> None:
    folder.mkdir()
    for name, node in tree.items():
        path = folder / name
        if isinstance(node, dict):
            build(path, node, secret)
        elif isinstance(node, bytes):
            path.write_bytes(node)
        elif node == "link":
            path.symlink_to(secret)
        else:
            os.mkfifo(path)


def expected(folder: Path) -> set[str]:
    """Return the paths that must have an entry: nobody's folders by themselves."""
    paths = set()
    for path in sorted(folder.rglob("*")):
        steps = path.relative_to(folder).parts
        nobodys = [n for n, s in enumerate(steps) if s in (".git", "__MACOSX")]
        real = [n for n in nobodys if (folder / Path(*steps[: n + 1])).is_dir()]
        real = [n for n in real if not (folder / Path(*steps[: n + 1])).is_symlink()]
        if real:
            paths.add("/".join(steps[: real[0] + 1]) + "/")
        elif path.is_symlink() or not path.is_dir():
            paths.add("/".join(steps))
    return paths


@needs_links
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES)
def test_every_file_has_exactly_one_entry(tree: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as made:
        secret = Path(made, "secret.py")
        secret.write_bytes(SECRET)
        build(Path(made, "class"), tree, secret)
        options = CollectOptions(exercises=exercises(), root=ROOT, scratch=Path(made, "s"))
        collection, sources = collect(Path(made, "class"), options)
        with sources:
            kept = {one.sha256: sources.read(one.sha256) for one in collection.handed}
        assert SECRET not in kept.values()
        assert None not in kept.values()
        paths = [entry.path for entry in collection.entries if "!/" not in entry.path]
        folders = [path for path in paths if path.endswith(".py/")]
        assert len(paths) == len(set(paths))
        assert set(paths) - set(folders) == expected(Path(made, "class"))
        known = {student.key for student in collection.students}
        assert {one.student for one in collection.handed} <= known
        assert {entry.student for entry in collection.entries} <= known | {""}
        submissions = [e.path for e in collection.entries if e.role == "submission"]
        assert sorted(submissions) == sorted(one.origin for one in collection.handed)
        assert len(known) == len(collection.students)
        assert not os.listdir(Path(made, "s"))


def test_the_order_of_the_file_system_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collected: Collect
) -> None:
    tree = {
        f"s{n % 4}/{name}": ECHO for n, name in enumerate(["tcp_echo.py", "a.py", "b/c.py"] * 4)
    }
    source = write(tmp_path / "class", tree)
    first = collected(source).collection
    real = os.scandir

    class Backwards:
        def __init__(self, path: object) -> None:
            with real(path) as entries:  # type: ignore[call-overload]
                self.entries = sorted(entries, key=lambda e: e.name, reverse=True)

        def __enter__(self) -> object:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None: ...

        def close(self) -> None: ...

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", Backwards)
        assert collected(source).collection == first


def test_the_results_of_an_earlier_run_are_passed_over(collected: Collect) -> None:
    tree = {
        "ann/tcp_echo.py": ECHO,
        "all.zip.grades/grades.sqlite3": b"",
        "all.zip.grades/feedback/bob/tcp_echo.py": ECHO,
        "cid.grades/tcp_echo.py": ECHO + b"2",
        "dan.grades/grades.sqlite3/tcp_echo.py": ECHO + b"3",
    }
    seen = collected(tree)
    assert seen.roles["all.zip.grades/"] == "ignored results"
    assert [path for path in seen.roles if path.startswith("all.")] == ["all.zip.grades/"]
    assert "ann" in seen.keys
    assert "bob" not in seen.keys
    assert sorted(seen.handed)[1:] == [
        "cid.grades/tcp_echo.py",
        "dan.grades/grades.sqlite3/tcp_echo.py",
    ]
