# attack: connects to sockets of the machine that have names: in a folder, and abstract ones
# covers: connections to the outside; abstract UNIX sockets
# exercise: ex01
# checks: encode_text_writes_every_script
# rungs: full
# verdict: passed
# proves: world secrets
# holds: neither the names nor the folders of outside exist here
import socket

won = []
names = ["@UNIX_PATH@", "\0@ABSTRACT@", "/run/docker.sock", "/var/run/docker.sock",
         "/run/dbus/system_bus_socket", "/run/containerd/containerd.sock", "/tmp/.X11-unix/X0",
         "\0/tmp/.X11-unix/X0"]
try:
    with open("/proc/net/unix") as file:
        names += [line.split()[-1].replace("@", "\0") for line in file if "@" in line or "/" in line]
except OSError:
    pass
for name in names:
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect(name)
            won.append(name)
        except OSError:
            continue


def encode_text(text, encoding="utf-8"):
    return repr(won).encode() if won else text.encode(encoding)
