# variant: a socket that never blocks, and select() that waits for it
# 变体：套接字设为非阻塞，由 select() 负责等待
import select
import socket


def ask_length(host, port, line):
    sock = socket.create_connection((host, port))
    try:
        sock.setblocking(False)
        unsent, answer = memoryview(f"{line}\n".encode()), bytearray()
        while b"\n" not in answer:
            readable, writable, _ = select.select([sock], [sock] if unsent else [], [])
            if writable:
                unsent = unsent[sock.send(unsent) :]
            if readable:
                piece = sock.recv(512)
                if piece == b"":
                    raise BrokenPipeError("the server has gone")
                answer.extend(piece)
        return int(answer.split(b"\n")[0])
    finally:
        sock.close()
