"""HTTP responses as data: what a server sends, and what a client must make of it (RFC 9112).

Each table is made anew from a random generator, so that no answer can be written into the
code.  Where a case is there to provoke one fault, everything else in it is plain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

CRLF = b"\r\n"
OK = "HTTP/1.1 200 OK"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
HUGE = 200 * 1024
_LETTERS = b"abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Answer:
    """The bytes of one response and what they mean.

    ``trailers`` are names that may stand in ``headers`` or be left out.
    """

    data: bytes
    status: int
    reason: str
    headers: dict[str, str]
    body: bytes = b""
    method: str = "GET"
    trailers: frozenset[str] = frozenset()

    @property
    def raw_body(self) -> bytes:
        """Everything after the first head, as it stands on the wire."""
        return self.data.partition(b"\r\n\r\n")[2]

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the close says where the body ends."""
        return not {"content-length", "transfer-encoding"} & set(self.headers)

    def followed_by(self, more: bytes) -> Answer:
        """Return the same answer with bytes behind it that are not part of it."""
        return replace(self, data=self.data + more)

    def led_by(self, interim: bytes) -> Answer:
        """Return the same answer behind interim ones."""
        return replace(self, data=interim + self.data)


def word(drawn: random.Random, size: int = 8) -> str:
    """Return a random word."""
    return letters(drawn, size).decode()


def letters(drawn: random.Random, size: int) -> bytes:
    """Return random lower-case letters: bytes that frame nothing."""
    return bytes(drawn.choices(_LETTERS, k=size))


def octets(drawn: random.Random, size: int) -> bytes:
    """Return random bytes without CR and LF, which cases place where they matter."""
    return drawn.randbytes(size).translate(bytes.maketrans(b"\r\n", b"\x00\xff"))


# -- building one answer ----------------------------------------------------------------


def bare(first: str, lines: Sequence[str] = (), body: bytes = b"", method: str = "GET") -> Answer:
    """Return an answer of a status line, header lines as they stand, and a body."""
    head = "".join(f"{line}\r\n" for line in (first, *lines))
    _, _, rest = first.partition(" ")
    status, _, reason = rest.partition(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    data = head.encode("ascii") + CRLF + body
    return Answer(data, int(status), reason, headers, body, method)


def sized(body: bytes, *lines: str, first: str = OK, name: str = "Content-Length") -> Answer:
    """Return an answer whose body is framed by its length."""
    return bare(first, [*lines, f"{name}: {len(body)}"], body)


def chunked(
    chunks: Sequence[bytes],
    *lines: str,
    size: str = "x",
    extension: str = "",
    last: str = "0",
    trailers: Sequence[str] = (),
    name: str = "Transfer-Encoding",
) -> Answer:
    """Return an answer in chunks; ``size`` is the format of a chunk's size."""
    answer = bare(OK, [*lines, f"{name}: chunked"])
    framed = b"".join(
        f"{len(chunk):{size}}{extension}\r\n".encode() + chunk + CRLF for chunk in chunks
    )
    end = "".join(f"{line}\r\n" for line in (last, *trailers, "")).encode()
    return replace(
        answer,
        data=answer.data + framed + end,
        body=b"".join(chunks),
        trailers=frozenset(line.partition(":")[0].lower() for line in trailers),
    )


# -- the tables: answers to be read -----------------------------------------------------


def by_length(drawn: random.Random) -> list[Answer]:
    """Bodies framed by Content-Length: any bytes, empty, also behind an error's status."""
    token = word(drawn)
    kind = "Content-Type: text/plain; charset=utf-8"
    binary = bytes(range(256)) + b"\r\n\r\n" + drawn.randbytes(1500) + b"\r\n\r\n"
    missing = f"找不到 {token}".encode()
    return [
        sized(binary, kind, f"X-WORD: {word(drawn)}"),
        sized(missing, f"X-Word: {token}", kind, first=f"HTTP/1.1 404 Not Found {token}"),
        sized(b"", f"x-word: {token}", first="HTTP/1.1 500 Oops"),
    ]


def in_chunks(drawn: random.Random) -> list[Answer]:
    """Bodies in chunks: data that looks like framing, sizes of two digits, none at all."""
    tricky = [b"ab\r\n0\r\n\r\ncd" + octets(drawn, 3), letters(drawn, 5), octets(drawn, 300)]
    plain = [letters(drawn, 26), letters(drawn, 171)]
    return [
        chunked(chunks, size=size)
        for chunks in (tricky, plain, [letters(drawn, 16)], [])
        for size in ("x", "X")
    ]


def with_extensions(drawn: random.Random) -> list[Answer]:
    """Chunk extensions, trailers, both, and leading zeros (RFC 9112, section 7.1)."""
    chunks = [letters(drawn, 5), letters(drawn, 20)]
    sums = [f"X-Sum: {word(drawn)}", f"X-More: {word(drawn)}"]
    return [
        chunked(chunks, "X-A: 1", extension=";name=value"),
        chunked(chunks, "X-A: 1", extension=';x="a b";y', last="0;last"),
        chunked(chunks, "X-A: 1", trailers=sums),
        chunked(chunks, "X-A: 1", extension=";a", last="0;z", trailers=sums[:1]),
        chunked(chunks, "X-A: 1", size="04x", last="000"),
    ]


def until_close(drawn: random.Random) -> list[Answer]:
    """Bodies that end with the connection."""
    return [
        bare(OK, ["X-A: 1"], octets(drawn, 3000)),
        bare("HTTP/1.0 200 OK", ["X-A: 1"], letters(drawn, 40)),
        bare("HTTP/1.0 200 OK", [], letters(drawn, 7)),
        bare(OK, ["X-A: 1"]),
    ]


def without_body(drawn: random.Random) -> list[Answer]:
    """Answers that have no body, whatever their headers say (RFC 9112, section 6.3)."""
    length = f"Content-Length: {drawn.randrange(100, 9000)}"
    return [
        bare(OK, [length], method="HEAD"),
        bare(OK, ["Transfer-Encoding: chunked"], method="HEAD"),
        bare(OK, ["X-A: 1"], method="HEAD"),
        bare("HTTP/1.1 404 Missing", [length], method="HEAD"),
        bare("HTTP/1.1 204 Nothing"),
        bare("HTTP/1.1 204 Nothing", ["X-A: 1"], method="DELETE"),
        bare("HTTP/1.1 304 Unchanged", [length]),
        bare("HTTP/1.1 304 Unchanged", ["X-A: 1"]),
    ]


INTERIM = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: </a.css>\r\nX-A: no\r\n\r\n",
    b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n",
)
"""Answers of the status class 1xx (RFC 9110, section 15.2), which announce the real one."""

NEXT = b"HTTP/1.1 500 Next\r\nX-B: 1\r\nContent-Length: 4\r\n\r\nmore"
"""An answer that nobody has asked for."""


def whole(drawn: random.Random) -> list[Answer]:
    """Answers that say by themselves where they end."""
    body = letters(drawn, 30)
    return [
        sized(body),
        sized(b""),
        chunked([body]),
        sized(body).followed_by(NEXT),
        chunked([body]).followed_by(NEXT),
        sized(b"").followed_by(NEXT),
        bare("HTTP/1.1 204 Nothing").followed_by(NEXT),
    ]


def whole_in_other_case(drawn: random.Random) -> list[Answer]:
    """The same with header names that are not written as in the RFC."""
    body = letters(drawn, 30)
    return [
        sized(body, name="content-length"),
        sized(body, name="CONTENT-LENGTH"),
        chunked([body], name="transfer-ENCODING"),
    ]


def unusual_heads(drawn: random.Random) -> list[Answer]:
    """A missing reason, no space after a colon, no value, names that come again."""
    body = letters(drawn, 5)
    one, two, three = (word(drawn) for _ in range(3))
    return [
        sized(body, first="HTTP/1.1 200"),
        sized(body, first="HTTP/1.1 200 "),
        sized(body, f"X-A:{one}", "X-Time:12:30:45", "X-Empty:", f"X-B: {two}"),
        sized(body, f"Via: {one}", f"via: {two}", "X-Z: 1", f"VIA: {three}"),
    ]


# -- cuts -------------------------------------------------------------------------------


def cuts(data: bytes, drawn: random.Random) -> Iterator[list[int]]:
    """Yield offsets to cut ``data`` at: everywhere, around every CRLF, and at random."""
    ends = [at for at in range(len(data)) if data.startswith(CRLF, at)]
    yield list(range(1, len(data)))
    yield [at + 1 for at in ends]
    yield [at + 2 for at in ends]
    yield ends
    head = data.index(b"\r\n\r\n")
    yield from ([head + step] for step in (1, 2, 3, 4))
    for count in (1, 2, 5, 9):
        yield sorted(drawn.sample(range(1, len(data)), count))


# -- answers that are none --------------------------------------------------------------


def short(drawn: random.Random) -> list[bytes]:
    """Beginnings of answers, after which the server closes."""
    framed = sized(letters(drawn, 20)).data
    chunk = CHUNKED_HEAD + b"5\r\n" + letters(drawn, 5)
    return [
        b"",
        b"HTT",
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200 OK\r\n",
        framed[:30],
        framed[:-22],
        framed[:-20],
        framed[:-1],
        CHUNKED_HEAD,
        CHUNKED_HEAD + b"1",
        chunk[:-2],
        *(chunk + more for more in (b"", b"\r", b"\r\n", b"\r\n0", b"\r\n0\r\n")),
        chunk + b"\r\n0\r\nX-T: 1\r\n",
    ]


def nonsense(drawn: random.Random) -> list[bytes]:
    """Whole answers with a status line that is not HTTP, or with a number that is none."""
    lines = ("ICY 200 OK", "SSH-2.0-dojo 200 OK", "200 OK", "HTTP/1.1 abc OK", "HTTP/1.1")
    lengths = ("abc", "12a", "-5", "-1", "", "1.5")
    sizes = ("xyz", "", "5g", ";a=1")
    chunk = b"3\r\n" + letters(drawn, 3) + CRLF
    return [
        *(f"{line}\r\nContent-Length: 2\r\n\r\nhi".encode() for line in (*lines, "HTTP/1.1 OK")),
        *(bare(OK, [f"Content-Length: {length}"], b"hello hello").data for length in lengths),
        *(CHUNKED_HEAD + chunk + size.encode() + CRLF + b"hello\r\n0\r\n\r\n" for size in sizes),
    ]


def long_head(drawn: random.Random) -> Answer:
    """A head of 41 KiB in 220 lines: long, and still to be read."""
    lines = [f"X-{number:03d}: {word(drawn, 182)}" for number in range(219)]
    return sized(letters(drawn, 10), *lines)


def huge_heads(drawn: random.Random) -> list[bytes]:
    """Heads of 200 KiB, ended or not, of many lines or one; the ended one comes first."""
    lines = [f"X-{number:04d}: {word(drawn, 180)}" for number in range(1100)]
    ended = sized(letters(drawn, 10), *lines).data
    status_line = b"HTTP/1.1 200 OK\r\n"
    return [
        ended,
        ended[: ended.index(b"\r\n\r\n") + 2],
        status_line + b"X-A: " + b"v" * HUGE,
        b"HTTP/1.1 200 " + b"v" * HUGE,
        b"a" * HUGE,
    ]


def unfinished(drawn: random.Random) -> list[bytes]:
    """Beginnings of answers, after which the server falls silent."""
    body = letters(drawn, 9)
    return [
        b"",
        b"HTTP/1.1 200 OK\r\nX-A: 1\r\n",
        sized(body).data[:-4],
        chunked([body]).data[:-14],
        chunked([body]).data[:-3],
        bare(OK, [], body).data,
    ]
