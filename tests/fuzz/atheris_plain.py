"""Coverage-guided fuzzing of the control pipe's decoder: ``python tests/fuzz/atheris_plain.py``.

Whatever libFuzzer takes, this takes: ``-max_total_time=600`` (seconds), ``-atheris_runs=100000``,
a folder of inputs to start from and to keep new ones in, a file that crashed to run it again.
An empty folder, or none, begins with frames as the runner sends them.  Needs the extra ``fuzz``.
"""

from __future__ import annotations

import importlib
import socket
import struct
import sys
import tempfile
from pathlib import Path
from typing import Any

atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["grader.learner.plain", "grader.learner.process"]):
    from grader.learner import plain
    from grader.learner.process import LearnerProcess
    from grader.sandbox.base import Child, Output

_PLAIN = (type(None), bool, int, float, bytes, str, list, tuple, dict, plain.Opaque)
_STATES = {"fresh", "loaded", "broken", "gone"}
_CALL_STATES = {
    "running", "gone", "returned", "raised", "unreadable", "cannot_call", "too_much",
}  # fmt: skip
_HASH_MODULUS = sys.hash_info.modulus

FRAMES: list[object] = [
    {"event": "loaded", "problems": [{"function": "serve", "problem": "missing", "line": 0}]},
    {"event": "load_failed", "type": "SyntaxError", "bases": ["builtins.SyntaxError"], "text": "é",
     "frames": [[3, ""]], "errno": ""},
    {"event": "calling", "at": 12.5},
    {"event": "item", "value": "中文🙂"},
    {"event": "returned", "value": {"a": [b"\0\xff", (1, -1.5, None)], 7: True}, "sockets": []},
    {"event": "returned", "value": b"x" * 60, "sockets": [{"open": True, "timeout": 0.5}]},
    {"event": "raised", "type": "OSError", "bases": ["builtins.OSError"], "text": "\ud800",
     "frames": [[1, "f"], [2, "g"]], "errno": "ECONNRESET", "sockets": []},
    {"event": "released", "warnings": ["unclosed <socket>"]},
    {"event": "too_much", "text": "nested too deeply"},
    [plain.Opaque("socket"), [[[[[[()]]]]]], {(1, "a"): {}, _HASH_MODULUS: 0, 0.0: 1, -1: -2}],
]  # fmt: skip
DICTIONARY = [
    *(struct.pack(">I", n) for n in (0, 1, 2, 4, 255, plain.MAX_ITEMS, 1 << 31, 0xFFFFFFFF)),
    b"2305843009213693951", b"-0", b"1_0", b"9" * 40, b"\xed\xa0\x80", b"\xf0\x9f\x99\x82", b"\xff",
    *(b"event value problem frames bases sockets open timeout warnings names line".split()),
]  # fmt: skip


def seeds() -> list[bytes]:
    """Return bodies of frames, and streams of some of them."""
    bodies = [plain.encode(value)[4:] for value in FRAMES]
    whole = b"".join(map(plain.encode, FRAMES[:7]))
    return [*bodies, whole, plain.encode(FRAMES[0]) + whole[:200]]


def check_plain(value: object) -> None:
    """Fail where a decoded value is not plain, too deep, too much, or not written back."""
    count, waiting = 0, [(value, 0)]
    while waiting:
        one, depth = waiting.pop()
        count += 1
        assert type(one) in _PLAIN, type(one)
        assert depth <= plain.MAX_DEPTH
        if isinstance(one, dict):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, (list, tuple)):
            waiting += [(part, depth + 1) for part in one]
    assert count <= plain.MAX_ITEMS
    assert repr(plain.decode(plain.encode(value)[4:])) == repr(value)


def decode(body: bytes) -> None:
    """A value or PlainError; anything else is a crash that the fuzzer reports."""
    try:
        value = plain.decode(body)
    except plain.PlainError:
        return
    check_plain(value)


class Pipe:
    """One control pipe for all inputs; each has a handle of its own on it."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()

    def feed(self, stream: bytes, cut: int) -> None:
        """Hand a stream to the judge's handle, in two pieces."""
        child = Child(self.near, Output(1), 0)
        child.kill = lambda: None  # type: ignore[method-assign]
        learner = LearnerProcess(child, "/tiny.py")
        call = learner.start_call("f", [])
        self.far.recv(1 << 16)
        for piece in (stream[:cut], stream[cut:]):
            if piece and learner.state != "gone":
                self.far.sendall(piece)
                learner.feed()
        assert learner.state in _STATES
        assert call.state in _CALL_STATES


def prepare(folder: Path) -> Path:
    """Fill an empty folder with seeds; return a dictionary for libFuzzer beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.iterdir()):
        for number, seed in enumerate(seeds()):
            stream = seed if seed[:1] == b"\0" else struct.pack(">I", len(seed)) + seed
            (folder / f"body{number}").write_bytes(seed)
            (folder / f"stream{number}").write_bytes(b"\xfe\x07" + stream)
    words = folder.with_suffix(".dict")
    spelled = ("".join(f"\\x{byte:02x}" for byte in word) for word in DICTIONARY)
    words.write_text("".join(f'"{word}"\n' for word in spelled), encoding="ascii")
    return words


def main() -> None:
    """Fuzz until libFuzzer says that it is enough."""
    pipe = Pipe()

    def one_input(data: bytes) -> None:
        if data[:1] == b"\xfe":
            pipe.feed(data[2:], data[1] if len(data) > 1 else 0)
        else:
            decode(data)

    arguments = sys.argv[:]
    given = {word.partition("=")[0] for word in arguments}
    defaults = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024"]
    arguments += [word for word in defaults if word.partition("=")[0] not in given]
    paths = [Path(word).absolute() for word in sys.argv[1:] if not word.startswith("-")]
    if not any(path.is_file() for path in paths):
        folder = paths[0] if paths else Path(tempfile.mkdtemp(prefix="dojo-fuzz-"), "corpus")
        arguments = [word for word in arguments if word.startswith("-") or word == sys.argv[0]]
        arguments += [f"-dict={prepare(folder)}", str(folder)]
        arguments += [f"-artifact_prefix={folder}-"]  # what crashed stays beside the corpus
    atheris.Setup(arguments, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
