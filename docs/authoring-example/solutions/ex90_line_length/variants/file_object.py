# variant: wraps the socket in a file object that reads lines
# 变体：把套接字包装成文件对象，按行读取
import socket


def ask_length(host, port, line):
    with socket.socket() as sock:
        sock.connect((host, port))
        with sock.makefile("rw", encoding="utf-8", newline="\n") as file:
            print(line, file=file, flush=True)
            answer = file.readline()
    if answer[-1:] != "\n":
        raise ConnectionAbortedError(f"only {answer!r} came")
    return int(answer)
