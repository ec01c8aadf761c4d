# attack: answers with urgent data, resets and half-closed connections in all orders
# covers: hostile results
# exercise: ex03
# checks: server_echoes_one_message server_survives_reset
# rungs: full partial none
# verdict: failed
# holds: whatever a connection comes to is the learner's doing
import socket
import struct


def serve(host, port):
    with socket.create_server((host, port)) as listener:
        listener.settimeout(60)
        count = 0
        while True:
            sock, _ = listener.accept()
            count += 1
            try:
                sock.send(b"!", socket.MSG_OOB)
                sock.shutdown(socket.SHUT_RD if count % 2 else socket.SHUT_RDWR)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
            sock.close()


def echo(host, port, message, timeout=5.0):
    pass
