"""Whether a library does the work: found where it does, and nobody else is accused."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.harness.by_hand import library_used

ROOT = Path(__file__).parents[2]
SOLUTIONS = ROOT / "solutions" / "ex14_http_request"

USED = {
    "dotted": "import http.client\ndef request(): http.client.HTTPConnection('a')",
    "renamed": "import http.client as c\ndef request(): return c.HTTPSConnection('a')",
    "from": "from http.client import HTTPConnection\ndef request(): HTTPConnection('a')",
    "from, renamed": "from http.client import HTTPConnection as C\ndef request(): C('a')",
    "module from package": "from http import client\ndef request(): client.HTTPConnection('a')",
    "star": "from http.client import *\ndef request(): HTTPConnection('a')",
    "urlopen": "import urllib.request\ndef request(): urllib.request.urlopen('a')",
    "inside": "def request():\n from urllib.request import urlopen\n return urlopen('a')",
    "helper": "import http.client as c\ndef request(): f()\ndef f(): g()\n"
    "def g(): c.HTTPConnection",
    "subclass": "import http.client as c\nclass K(c.HTTPConnection): ...\ndef request(): K()",
    "method": "import http.client as c\nclass K:\n def f(self): c.HTTPConnection\n"
    "def request(): K().f()",
    "at import": "import http.client as c\nopener = c.HTTPConnection('a')\ndef request(): opener",
    "assigned": "import http.client as c\ndef f(): c.HTTPConnection\nrequest = f",
    "another library": "import requests\ndef request(): requests.get('a')",
    "part of another": "from urllib3.connection import HTTPConnection as C\ndef request(): C()",
    "else of the guard": "import http.client as c\nif __name__ == '__main__': pass\n"
    "else: request = c.HTTPConnection",
}

FREE = {
    "nothing": "def request(): ...",
    "parsers": "import http.client, io\ndef request(): http.client.parse_headers(io.BytesIO())",
    "response": "from http.client import HTTPResponse\ndef request(s): HTTPResponse(s).begin()",
    "message": "import http.client\ndef request(): http.client.HTTPMessage()",
    "star": "from http.client import *\ndef request(): parse_headers",
    "status": "from http import HTTPStatus\ndef request(): HTTPStatus(200)",
    "urllib.parse": "import urllib.parse, urllib.request\ndef request(): urllib.parse.quote('a')",
    "unused": "import http.client, urllib.request, requests\ndef request(): ...",
    "unused name": "from http.client import HTTPConnection\ndef request(): ...",
    "own class": "class HTTPConnection: ...\ndef request(): HTTPConnection()",
    "own class after star": "from http.client import *\nclass HTTPConnection: ...\n"
    "def request(): HTTPConnection()",
    "own urlopen": "def urlopen(): ...\ndef request(): urlopen()",
    "own attribute": "class A: HTTPConnection = 1\ndef request(): A.HTTPConnection",
    "parameter": "def request(http): http.client.HTTPConnection",
    "main guard": "import http.client\ndef request(): ...\n"
    "if __name__ == '__main__': http.client.HTTPConnection('a')",
    "helper of main": "import urllib.request\ndef request(): ...\n"
    "def compare(): urllib.request.urlopen('a')\nif '__main__' == __name__: compare()",
    "in words": "def request():\n 'not http.client.HTTPConnection'  # nor urlopen",
    "named request": "from urllib import request\ndef request(): ...",
    "broken": "def request(:",
    "escape": "def request(): '\\d'",
    "relative": "from . import requests\ndef request(): requests",
}


@pytest.mark.parametrize("source", USED.values(), ids=USED.keys())
def test_finds_a_library(source: str) -> None:
    assert library_used(source.encode(), "request") is not None


@pytest.mark.parametrize("source", FREE.values(), ids=FREE.keys())
def test_accuses_nobody_else(source: str) -> None:
    assert library_used(source.encode(), "request") is None


def test_says_what_and_where() -> None:
    use = library_used(
        b"import http.client as c\n\ndef request():\n  c.HTTPConnection()", "request"
    )
    assert use is not None
    assert (use.name, use.line) == ("http.client.HTTPConnection", 4)


def test_reads_other_encodings() -> None:
    source = "# coding: gbk\nimport http.client as 网\ndef request(): 网.HTTPConnection()"
    assert library_used(source.encode("gbk"), "request") is not None


@pytest.mark.parametrize("path", sorted(SOLUTIONS.rglob("*.py")), ids=lambda path: path.stem)
def test_tells_the_solutions_apart(path: Path) -> None:
    used = library_used(path.read_bytes(), "request") is not None
    assert used == (path.stem == "request_by_http_client")
