# attack: returns 300 MB, a number of ten million digits, and a million of empty lists
# covers: giant results
# exercise: ex01
# checks: encode_text_writes_every_script decode_text_reads_every_script receive_text_reads_until_close
# rungs: full partial none
# verdict: failed
# diagnosis: wrong_result
# proves: memory
# holds: what is larger than a frame does not cross
def encode_text(text, encoding="utf-8"):
    return bytes(300 << 20)


def decode_text(data, encoding="utf-8"):
    return 1 << 40_000_000


def receive_text(sock, encoding="utf-8"):
    while sock.recv(65536):
        pass
    return [[] for _ in range(1_000_000)]
