# variant: reads one byte at a time, so that nothing behind the line is ever taken
# 变体：每次只读一个字节，绝不会多读换行符之后的内容
import socket


def ask_length(host, port, line):
    with socket.create_connection((host, port)) as sock:
        sock.sendall(f"{line}\n".encode())
        digits = []
        while (byte := sock.recv(1)) != b"\n":
            if not byte:
                raise ConnectionError("no line end")
            digits.append(byte)
        return int(b"".join(digits))
