# variant: from socket import *, and recv(1) all the way: slow, and never a byte too many
# 变体：from socket import *，从头到尾都用 recv(1)：慢，但绝不多读一个字节
# ruff: noqa: F403, F405 - the star is what this variant is about
from socket import *


class Answer:
    def __init__(self):
        self.status = 0
        self.reason = ""
        self.headers = {}
        self.body = b""


def one_byte(sock):
    byte = sock.recv(1)
    if byte == b"":
        raise ConnectionAbortedError("the answer is not complete")
    return byte


def bytes_of(sock, count):
    data = bytearray()
    for _ in range(count):
        data += one_byte(sock)
    return bytes(data)


def line_of(sock, limit):
    line = bytearray()
    while line[-2:] != b"\r\n":
        line += one_byte(sock)
        if len(line) > limit:
            raise ValueError("line too long")
    return line[:-2].decode("latin-1")


def head_of(sock):
    head = []
    limit = 100_000
    while True:
        line = line_of(sock, limit)
        if not line:
            return head
        head.append(line)
        limit -= len(line) + 2


def number(text, base=10):
    n = int(text, base)
    if n < 0:
        raise ValueError("a negative number")
    return n


def request(method, host, port, path="/", headers=None, body=b"", timeout=5.0):
    if headers is None:
        headers = {}
    for text in [method, host, path, *headers.keys(), *headers.values()]:
        for char in text:
            if char in "\r\n":
                raise ValueError("line break")
    text = method + " " + path + " HTTP/1.1\r\n"
    names = [name.lower() for name in headers]
    if "host" not in names:
        text += "Host: " + host + ":" + str(port) + "\r\n"
    if "connection" not in names:
        text += "Connection: close\r\n"
    if "content-length" not in names and len(body) > 0:
        text += "Content-Length: " + str(len(body)) + "\r\n"
    for name in headers:
        text += name + ": " + headers[name] + "\r\n"
    print("asking", host, port)
    sock = create_connection((host, port), timeout)
    try:
        sock.sendall((text + "\r\n").encode() + body)
        answer = read_answer(sock, method)
    finally:
        sock.close()
    print("answered", answer.status, len(answer.body))
    return answer


def read_answer(sock, method):
    answer = Answer()
    while answer.status < 200:
        head = head_of(sock)
        if not head or not head[0].startswith("HTTP/"):
            raise ValueError("not HTTP")
        words = head[0].split(" ", 2)
        while len(words) < 3:
            words.append("")
        answer.status = number(words[1])
        answer.reason = words[2]
        answer.headers = {}
        for line in head[1:]:
            colon = line.index(":")
            name = line[:colon].lower()
            value = line[colon + 1 :].strip()
            if name in answer.headers:
                answer.headers[name] += ", " + value
            else:
                answer.headers[name] = value
    if method == "HEAD" or answer.status == 204 or answer.status == 304:
        return answer
    if answer.headers.get("transfer-encoding", "").lower() == "chunked":
        while True:
            size = number(line_of(sock, 4096).split(";")[0], 16)
            if size == 0:
                break
            answer.body += bytes_of(sock, size)
            bytes_of(sock, 2)
        for line in head_of(sock):
            name, colon, value = line.partition(":")
            answer.headers[name.lower()] = value.strip()
    elif "content-length" in answer.headers:
        answer.body = bytes_of(sock, number(answer.headers["content-length"]))
    else:
        body = bytearray()
        while True:
            byte = sock.recv(1)
            if not byte:
                break
            body += byte
        answer.body = bytes(body)
    return answer
