# variant: a generator gives pieces, and adding up digits makes the number
# 变体：用生成器给出各段数据，逐位累加成整数
from contextlib import closing
from socket import AF_INET, SOCK_STREAM, socket


def ask_length(host, port, line):
    number = 0
    with closing(socket(AF_INET, SOCK_STREAM)) as sock:
        sock.connect((host, port))
        sock.sendall(b"%b\n" % line.encode())
        for code in codes(sock):
            if code == ord("\n"):
                return number
            number = number * 10 + code - ord("0")
    raise ConnectionResetError("the line has no end")


def codes(sock):
    while piece := sock.recv(1024):
        yield from piece
