# variant: the socket as a file: makefile("rb"), readline with a limit, read(n)
# 变体：把套接字当作文件：makefile("rb")、限制长度的 readline、read(n)
import socket
from collections import namedtuple

Response = namedtuple("Response", "status reason headers body")

LIMIT = 65536


def request(method, host, port, path="/", headers=None, body=b"", timeout=5.0):
    caller = headers or {}
    everything = "".join([method, host, path, *caller.keys(), *caller.values()])
    if "\r" in everything or "\n" in everything:
        raise ValueError("CR or LF in the request")
    fields = {"host": f"{host}:{port}", "connection": "close"}
    if body:
        fields["content-length"] = f"{len(body)}"
    for name in caller:
        fields[name.lower()] = caller[name]
    head = f"{method} {path} HTTP/1.1\r\n"
    for name, value in fields.items():
        head += f"{name.title()}: {value}\r\n"
    with socket.create_connection((host, port), timeout) as sock, sock.makefile("rb") as file:
        # sendall and not file.write: timeout bounds the sending as a whole
        sock.sendall(b"".join((head.encode(), b"\r\n", body)))
        return read_response(file, method)


def read_line(file, limit=LIMIT):
    line = file.readline(limit + 1)
    if len(line) > limit:
        raise ValueError("line too long")
    if not line.endswith(b"\n"):
        raise ConnectionError("end of file in mid-line")
    return line.rstrip(b"\r\n").decode("latin-1")


def read_exactly(file, size):
    data = file.read(size)
    if len(data) != size:
        raise ConnectionError("end of file in mid-body")
    return data


def read_headers(file, left=LIMIT):
    headers = {}
    while line := read_line(file, left):
        left -= len(line)
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    return {name: ", ".join(values) for name, values in headers.items()}


def read_response(file, method):
    status = 0
    while status < 200:
        line = read_line(file)
        if not line.startswith("HTTP/1."):
            raise ValueError("no HTTP")
        _, status, reason = [*line.split(" ", 2), "", ""][:3]
        status = int(status)
        if status < 0:
            raise ValueError("negative status")
        headers = read_headers(file)
    if method == "HEAD" or status in (204, 304):
        return Response(status, reason, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Response(status, reason, headers, b"".join(read_chunks(file)))
    if "content-length" in headers:
        size = int(headers["content-length"])
        if size < 0:
            raise ValueError("negative length")
        return Response(status, reason, headers, read_exactly(file, size))
    return Response(status, reason, headers, file.read())


def read_chunks(file):
    while size := int(read_line(file).split(";")[0], 16):
        if size < 0:
            raise ValueError("negative chunk size")
        yield read_exactly(file, size)
        if read_exactly(file, 2) != b"\r\n":
            raise ValueError("chunk longer than announced")
    read_headers(file)
