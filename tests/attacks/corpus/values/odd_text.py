# attack: returns text that nobody can encode, and that turns the text around it
# covers: hostile results; ANSI escapes
# exercise: ex01
# checks: decode_text_reads_every_script encode_text_writes_every_script receive_text_reads_until_close
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_result wrong_bytes
# holds: it is shown escaped
def decode_text(data, encoding="utf-8"):
    return "\ud800\udfff\u202edessap\u2028::error::\x85\x9b2J\0\ufffe" + "\U0010ffff" * 50


def encode_text(text, encoding="utf-8"):
    return b"\x1b]0;owned\x07\r\n::set-output name=score::100\n\xff\xfe\x9b2J"


def receive_text(sock, encoding="utf-8"):
    while sock.recv(65536):
        pass
    return {"\ud800": [float("nan"), float("-inf"), -(10**3990), "\x1b[31m"]}
