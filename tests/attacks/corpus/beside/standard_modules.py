# attack: brings along modules with the names of the ones that everybody imports
# covers: json.py and socket.py beside the submission
# exercise: ex01
# checks: encode_text_writes_every_script receive_text_reads_until_close
# rungs: full partial none spawn
# verdict: passed
# beside: json.py socket.py os.py struct.py encodings/__init__.py typing.py gc.py plain.py child.py
#   pytest.py msgspec.py grader/__init__.py grader/judge.py bytes_codec/__init__.py
# holds: neither the judge nor the runner looks for a module there
import socket


def encode_text(text, encoding="utf-8"):
    return text.encode(encoding)


def receive_text(sock, encoding="utf-8"):
    return b"".join(iter(lambda: sock.recv(65536), b"")).decode(encoding)
