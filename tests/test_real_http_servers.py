"""ex14's reference and variants against real servers: http.server, nginx, uvicorn.

The learners' code runs in a process of its own that makes one call after the other.  Every
server listens on a socket that this test has bound to port 0, so no port is guessed and
nobody has to be waited for: what comes early waits in the backlog.
"""

from __future__ import annotations

import base64
import contextlib
import grp
import hashlib
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "solutions" / "ex14_http_request"
SOLUTIONS = [FOLDER / "http_request.py", *sorted((FOLDER / "variants").glob("*.py"))]
PATIENCE = 60.0
TIMEOUT = 20.0

DRAWN = random.Random(14)
SMALL = DRAWN.randbytes(1000) + b"\r\n\r\n" + "你好".encode()
BIG = DRAWN.randbytes(100_000)
UPLOAD = DRAWN.randbytes(3 << 20)
DIGEST = hashlib.sha256(UPLOAD).digest()
PIECES = [b"a", DRAWN.randbytes(5000), b"\r\n0\r\n\r\n", "世界".encode()]

# Reads the calls from standard input, writes what they came to, and how long each took.
DRIVER = """
import base64, importlib.util, json, sys, time
spec = importlib.util.spec_from_file_location("submission", sys.argv[1])
module = sys.modules["submission"] = importlib.util.module_from_spec(spec)
out, sys.stdout = sys.stdout, sys.stderr
spec.loader.exec_module(module)
results = []
for call in json.load(sys.stdin):
    call["body"] = base64.b64decode(call["body"])
    began = time.monotonic()
    try:
        r = module.request(**call)
        result = {"status": r.status, "reason": r.reason, "headers": dict(r.headers),
                  "body": base64.b64encode(r.body).decode(), "error": ""}
    except Exception as error:
        result = {"error": repr(error)}
    results.append({**result, "seconds": time.monotonic() - began})
json.dump(results, out)
out.flush()
"""


@dataclass
class Case:
    """One request and what a real server answers to it."""

    method: str
    path: str
    status: int = 200
    reason: str = "OK"
    body: bytes | None = b""
    headers: dict[str, str] = field(default_factory=dict)
    sent: bytes = b""
    has: dict[str, str] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()


def converse(solution: Path, host: str, port: int, cases: list[Case]) -> None:
    """Have a solution make all the calls, and compare."""
    calls = [
        {
            "method": case.method,
            "host": host,
            "port": port,
            "path": case.path,
            "headers": case.headers or None,
            "body": base64.b64encode(case.sent).decode(),
            "timeout": TIMEOUT,
        }
        for case in cases
    ]
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", DRIVER, str(solution)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    for case, result in zip(cases, results, strict=True):
        assert result["error"] == "", case
        assert (result["status"], result["reason"]) == (case.status, case.reason), case
        if case.body is not None:
            assert base64.b64decode(result["body"]) == case.body, case
        assert all(name == name.lower() for name in result["headers"])
        for name, value in case.has.items():
            assert result["headers"].get(name) == value, case
        for name in case.lacks:
            assert name not in result["headers"], case
        # Who waits for a server that keeps the connection waits for the whole timeout.
        assert result["seconds"] < TIMEOUT / 2, case


def listening_socket() -> socket.socket:
    """Return a socket that listens on a port of the system's choice."""
    return socket.create_server(("127.0.0.1", 0), backlog=64)


@pytest.fixture(params=SOLUTIONS, ids=lambda path: path.stem)
def solution(request: pytest.FixtureRequest) -> Path:
    """Return the reference, then each variant."""
    path = request.param
    assert isinstance(path, Path)
    return path


# -- http.server ------------------------------------------------------------------------


class Handler(BaseHTTPRequestHandler):
    """A server of many answers; HTTP/1.1, and it may ignore ``Connection: close``."""

    protocol_version = "HTTP/1.1"
    dropped: ClassVar[dict[str, str]] = {}

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""

    def _sized(self, status: int, body: bytes, *fields: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*fields, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        """Answer by the path."""
        if self.path == "/chunked":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in PIECES if self.command != "HEAD" else []:
                self.wfile.write(b"%X;note=x\r\n%b\r\n" % (len(piece), piece))
            if self.command != "HEAD":
                self.wfile.write(b"0\r\nX-Sum: 1\r\n\r\n")
        elif self.path == "/close":
            self.close_connection = True
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BIG)
        elif self.path in ("/204", "/304"):
            self.send_response(int(self.path[1:]))
            self.end_headers()
        elif self.path == "/early":
            self.send_response_only(103, "Early Hints")
            self.send_header("Link", "</a.css>")
            self.end_headers()
            self._sized(200, SMALL)
        elif self.path == "/twice":
            self._sized(200, SMALL, ("Vary", "a"), ("vary", "b"))
        else:
            self._sized(200 if self.path == "/small" else 404, SMALL)
        # The handler goes on listening on this connection, whatever the client has asked for.
        self.close_connection = self.path == "/close"

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """Send the body back, or its digest."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._sized(201, hashlib.sha256(body).digest() if self.path == "/digest" else body)
        self.close_connection = False

    do_PUT = do_POST


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[tuple[str, int]]:
    """Run ``http.server`` in a thread."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            host, port = server.server_address[:2]
            yield str(host), port
        finally:
            server.shutdown()
            thread.join()


def test_http_server_that_keeps_connections(solution: Path) -> None:
    length = str(len(SMALL))
    with serving(Handler) as (host, port):
        converse(
            solution,
            host,
            port,
            [
                Case("GET", "/small", body=SMALL, has={"content-length": length}),
                Case("HEAD", "/small", has={"content-length": length}),
                Case("GET", "/missing", 404, "Not Found", SMALL),
                Case("GET", "/chunked", body=b"".join(PIECES)),
                Case("HEAD", "/chunked", has={"transfer-encoding": "chunked"}),
                Case("GET", "/close", body=BIG),
                Case("GET", "/204", 204, "No Content"),
                Case("GET", "/304", 304, "Not Modified"),
                Case("GET", "/early", body=SMALL, lacks=("link",)),
                Case("GET", "/twice", body=SMALL, has={"vary": "a, b"}),
                Case("POST", "/echo", 201, "Created", SMALL, sent=SMALL),
                Case("PUT", "/digest", 201, "Created", DIGEST, sent=UPLOAD),
                Case(
                    *("POST", "/echo", 201, "Created", SMALL),
                    headers={"Expect": "100-continue"},
                    sent=SMALL,
                ),
            ],
        )


def test_http_server_of_files(solution: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(BIG)
    (tmp_path / "folder").mkdir()

    class Files(SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(tmp_path))  # type: ignore[arg-type]

        def log_message(self, format: str, *args: object) -> None:
            """Stay silent."""

    with serving(Files) as (host, port):
        converse(
            solution,
            host,
            port,
            [
                Case("GET", "/a.txt", body=BIG, has={"content-type": "text/plain"}),
                Case("HEAD", "/a.txt", has={"content-length": str(len(BIG))}),
                Case("GET", "/folder", 301, "Moved Permanently", has={"location": "/folder/"}),
                Case("GET", "/none", 404, "File not found", body=None),
                Case("PUT", "/a.txt", 501, "Unsupported method ('PUT')", None, sent=b"x"),
            ],
        )


# -- nginx ------------------------------------------------------------------------------

NGINX_CONFIG = """
daemon off; {user} pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; default_type application/octet-stream; client_max_body_size 0;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5; keepalive_timeout 300s;
  types {{ text/plain txt; text/html html; }}
  server {{
    listen {host}:{port};
    root {folder}/files;
    location /up/ {{ dav_methods PUT DELETE; }}
    location /empty {{ return 204; }}
    location /ssi/ {{ ssi on; }}
    location /twice {{ add_header X-A one; add_header x-a two; return 200 "{word}"; }}
  }}
}}
"""


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    """Run nginx on a socket that it inherits, as in an upgrade of a running nginx."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    files = folder / "files"
    for name in ("up", "ssi"):
        (files / name).mkdir(parents=True)
    (files / "a.txt").write_bytes(SMALL)
    (files / "big.bin").write_bytes(BIG)
    (files / "zero.txt").write_bytes(b"")
    (files / "ssi" / "page.html").write_bytes(b"<p>" + b"0123456789" * 5000 + b"</p>")
    with listening_socket() as listener:
        host, port = listener.getsockname()
        config = folder / "nginx.conf"
        config.write_text(
            NGINX_CONFIG.format(
                folder=folder, host=host, port=port, word="w" * 30, user=nginx_user()
            )
        )
        with subprocess.Popen(
            [program, "-p", str(folder), "-c", str(config)],
            env={**os.environ, "NGINX": f"{listener.fileno()};"},
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            try:
                with socket.create_connection((host, port), PATIENCE) as probe:
                    probe.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
                    assert probe.recv(1) == b"H", (folder / "error.log").read_text()
                yield host, port, files
            finally:
                os.killpg(process.pid, signal.SIGKILL)


def nginx_user() -> str:
    """Return the line that lets the workers of an nginx run by root read our files."""
    if os.geteuid() != 0:
        return ""
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(os.getegid()).gr_name};"


def test_nginx(solution: Path, nginx: tuple[str, int, Path]) -> None:
    host, port, files = nginx
    name = f"/up/{solution.stem}.bin"
    keep = {"connection": "keep-alive"}
    page = (files / "ssi" / "page.html").read_bytes()
    modified = time.strftime(
        "%a, %d %b %Y %H:%M:%S GMT", time.gmtime((files / "a.txt").stat().st_mtime)
    )
    length = {"content-length": str(len(SMALL))}
    converse(
        solution,
        host,
        port,
        [
            Case("GET", "/a.txt", body=SMALL, has={**length, "content-type": "text/plain"}),
            Case("GET", "/a.txt", body=SMALL, headers=keep, has=keep),
            Case("HEAD", "/a.txt", has=length),
            Case("HEAD", "/a.txt", headers=keep, has={**length, **keep}),
            Case("GET", "/big.bin", body=BIG, headers=keep),
            Case("GET", "/zero.txt", headers=keep, has={"content-length": "0"}),
            Case("GET", "/ssi/page.html", body=page, has={"transfer-encoding": "chunked"}),
            Case("GET", "/ssi/page.html", body=page, headers=keep),
            Case("HEAD", "/ssi/page.html", headers=keep),
            Case("GET", "/empty", 204, "No Content", headers=keep),
            Case(
                *("GET", "/a.txt", 304, "Not Modified"),
                headers={**keep, "If-Modified-Since": modified},
            ),
            Case("GET", "/twice", body=b"w" * 30, has={"x-a": "one, two"}),
            Case("GET", "/none?a=b", 404, "Not Found", None),
            Case("GET", "/a.txt", 206, "Partial Content", SMALL[1:4], {"Range": "bytes=1-3"}),
            Case("PUT", name, 201, "Created", sent=UPLOAD),
            Case("HEAD", name, has={"content-length": str(len(UPLOAD))}),
            Case("POST", "/a.txt", 405, "Not Allowed", None, sent=SMALL),
            Case("BREW", "/a.txt", 405, "Not Allowed", None, headers=keep),
        ],
    )
    assert (files / name[1:]).read_bytes() == UPLOAD


# -- an ASGI server ---------------------------------------------------------------------

ASGI = f"""
import asyncio, hashlib, socket, sys, uvicorn
PIECES = {PIECES!r}

async def app(scope, receive, send):
    assert scope["type"] == "http"
    path, headers, body, more = scope["path"], [], b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    status = int(path[1:]) if path[1:].isdigit() else 200
    if path == "/digest":
        path, body = "/echo", hashlib.sha256(body).digest()
    if path == "/echo":
        headers = [(b"Content-Length", b"%d" % len(body)), (b"X-Method", scope["method"].encode())]
    await send({{"type": "http.response.start", "status": status, "headers": headers}})
    if path == "/echo":
        await send({{"type": "http.response.body", "body": body}})
        return
    for piece in PIECES if path == "/chunked" else []:
        await send({{"type": "http.response.body", "body": piece, "more_body": True}})
    await send({{"type": "http.response.body"}})

listener = socket.socket(fileno=int(sys.argv[1]))
config = uvicorn.Config(app, http="h11", loop="asyncio", lifespan="off", log_level="critical",
                        timeout_keep_alive=300)
asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
"""


@pytest.fixture(scope="module")
def uvicorn() -> Iterator[tuple[str, int]]:
    """Run uvicorn, with h11 as its protocol, in a process of its own."""
    pytest.importorskip("uvicorn")
    with listening_socket() as listener:
        host, port = listener.getsockname()
        fd = listener.fileno()
        with subprocess.Popen([sys.executable, "-c", ASGI, str(fd)], pass_fds=[fd]) as process:
            try:
                yield host, port
            finally:
                process.kill()


def test_uvicorn(solution: Path, uvicorn: tuple[str, int]) -> None:
    keep = {"Connection": "keep-alive"}
    expecting = {"Expect": "100-continue"}
    body = b"".join(PIECES)
    chunked = {"transfer-encoding": "chunked"}
    converse(
        solution,
        *uvicorn,
        [
            Case("GET", "/chunked", body=body, has=chunked),
            Case("GET", "/chunked", body=body, headers=keep, has=chunked),
            Case("HEAD", "/chunked", headers=keep),
            Case("POST", "/echo", body=SMALL, sent=SMALL, has={"x-method": "POST"}),
            Case("PATCH", "/digest", body=DIGEST, sent=UPLOAD, headers=keep),
            Case("POST", "/echo", body=BIG, sent=BIG, headers=expecting),
            Case("HEAD", "/echo", headers=keep, has={"content-length": "0"}),
            Case("GET", "/echo", headers=keep),
            Case("GET", "/204", 204, "No Content", headers=keep),
            Case("GET", "/304", 304, "Not Modified", headers=keep),
            Case("GET", "/404", 404, "Not Found", headers=keep),
        ],
    )
