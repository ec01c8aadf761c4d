"""Archives that mean harm or are broken.  None of them has anything in it that may be graded."""

from __future__ import annotations

import io
import zipfile
from functools import cache

from .tree import Node, zip_of

_GOOD = b"def echo(host, port, message, timeout=5.0):\n    return message\n"


def broken() -> bytes:
    """Return what begins like a zip and is none."""
    return b"PK\x03\x04" + b"\x00garbage" * 40


def cut() -> bytes:
    """Return a zip whose upload broke off: its directory is missing."""
    whole = zip_of([Node("tcp_echo.py", _GOOD * 40)])
    return whole[: len(whole) // 2]


@cache
def bomb() -> bytes:
    """Return 300 KB that would be 300 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        zeros = bytes(1 << 20)
        with archive.open("zeros.bin", "w", force_zip64=True) as member:
            for _ in range(300):
                member.write(zeros)
    return buffer.getvalue()


@cache
def many() -> bytes:
    """Return a zip of 15,000 empty members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(15_000):
            archive.writestr(zipfile.ZipInfo(f"f/{number}"), b"")
    return buffer.getvalue()


def slip(escape: str) -> bytes:
    """Return a zip whose members want out: upwards, absolute, by drive letter, by backslash.

    ``escape`` is an absolute path that must never come into being.
    """
    names = (
        "../tcp_echo.py",
        "../../../../../../../../" + escape.lstrip("/"),
        escape,
        "C:\\Windows\\tcp_echo.py",
        "..\\..\\tcp_echo.py",
        "a/../../b/tcp_echo.py",
    )
    return zip_of([Node(name, _GOOD) for name in names])


def links() -> bytes:
    """Return a zip with links: to a secret, to a folder outside, and a file through the latter."""
    return zip_of(
        [
            Node("tcp_echo.py", b"/etc/passwd", kind="link"),
            Node("outside", b"/tmp", kind="link"),
            Node("http_request.py", b"../../../../../etc/hostname", kind="link"),
        ]
    )


def encrypted() -> bytes:
    """Return a zip whose member says that it is encrypted."""
    whole = bytearray(zip_of([Node("tcp_echo.py", _GOOD)]))
    whole[6] |= 1  # the flag, in the member's header
    directory = whole.index(b"PK\x01\x02")
    whole[directory + 8] |= 1  # and in the archive's directory
    return bytes(whole)
