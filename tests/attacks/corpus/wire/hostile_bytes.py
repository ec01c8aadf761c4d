# attack: sends commands for terminals and GitHub over the wire, for the transcript to show
# covers: ANSI escapes; GitHub commands; carriage returns
# exercise: ex03
# checks: server_echoes_one_message client_returns_whole_reply
# rungs: full partial none
# verdict: failed
# holds: a transcript is shown escaped
import socket

HOSTILE = b"\r\n::error::\x1b[2J##[error]\x1b]0;owned\x07\xc2\x9b2J\xe2\x80\xae\xff\x00"


def serve(host, port):
    with socket.create_server((host, port)) as listener:
        listener.settimeout(60)
        while True:
            sock, _ = listener.accept()
            sock.recv(65536)
            sock.sendall(HOSTILE)


def echo(host, port, message, timeout=5.0):
    with socket.create_connection((host, port), timeout) as sock:
        sock.sendall(HOSTILE)
        return sock.recv(65536)
