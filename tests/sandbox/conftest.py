"""What a learner process can find out about where it lives, as functions to call there."""

from __future__ import annotations

import pytest

SPY = '''
import ctypes, os, resource, signal, socket, struct, subprocess, sys, threading, time


def environment():
    return dict(os.environ), sys.argv, sys.path, os.getcwd()


def listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return type(error).__name__


def reads(path):
    try:
        with open(path, "rb") as file:
            return file.read(100)
    except OSError as error:
        return type(error).__name__


def writes(path):
    try:
        with open(path, "ab") as file:
            file.write(b"x")
        return "written"
    except OSError as error:
        return type(error).__name__


def changes_mode(path):
    try:
        os.chmod(path, os.stat(path).st_mode & 0o7777)
        return "changed"
    except OSError as error:
        return type(error).__name__


def opens_for_writing(path):
    try:
        os.close(os.open(path, os.O_WRONLY))
        return "writable"
    except OSError as error:
        return type(error).__name__


def breaks_out():
    """Become root in namespaces of its own, mount /proc again, and try once more."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x10000000 | 0x20000 | 0x20000000)
    reading, writing = os.pipe()
    if os.fork() == 0:
        libc.mount(b"proc", b"/proc", b"proc", 0, None)
        libc.umount2(b"/proc", 2)
        libc.mount(None, b"/proc", None, 32, None)
        os.write(writing, opens_for_writing("/proc/sys/kernel/core_pattern").encode())
        os._exit(0)
    os.close(writing)
    return os.read(reading, 100).decode()


def removes(path):
    try:
        os.unlink(path)
        return "removed"
    except OSError as error:
        return type(error).__name__


def everything(but):
    """Return every file below / that can be seen, but for what is in the folders ``but``."""
    found = []
    for folder, names, files in os.walk("/"):
        names[:] = [name for name in names if os.path.join(folder, name) not in but]
        found += [os.path.join(folder, name) for name in files]
    return found


def descriptors():
    return {int(fd): os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
            if os.path.lexists(f"/proc/self/fd/{fd}")}


def status():
    with open("/proc/self/status") as file:
        return dict((line.partition(":")[0], line.partition(":")[2].strip()) for line in file)


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def ids():
    return os.getuid(), os.geteuid(), os.getgid(), os.getgroups()


def interfaces():
    return [name for _, name in socket.if_nameindex()]


def connects(host, port):
    try:
        socket.create_connection((host, port), 2).close()
        return "connected"
    except OSError as error:
        return type(error).__name__


def opens_raw():
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        return "opened"
    except OSError as error:
        return type(error).__name__


def mounts():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mount(b"none", b"/work", b"tmpfs", 0, None), libc.unshare(0x10000000)


def limits():
    names = ("RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_CORE")
    return {name: list(resource.getrlimit(getattr(resource, name))) for name in names}


def raises_limits():
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100_000, 100_000))
        return "raised"
    except (OSError, ValueError) as error:
        return type(error).__name__


def fills(path, count):
    try:
        with open(path, "wb") as file:
            for _ in range(count):
                file.write(bytes(1 << 20))
        return "filled"
    except OSError as error:
        return error.errno


def leaves_daemons():
    """Leave a daemon that nobody waits for, one in a new session, and a plain child."""
    for kind in range(3):
        pid = os.fork()
        if pid:
            if kind < 2:
                os.waitpid(pid, 0)
            continue
        if kind == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
        elif kind == 1 and os.fork():
            os._exit(0)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(1000)
    return os.getpid()


def listens():
    global listener
    listener = socket.create_server(("127.0.0.1", 0))
    return listener.getsockname()[1]


def sees_abstract(name):
    with socket.socket(socket.AF_UNIX) as sock:
        try:
            sock.connect("\\0" + name)
            return "connected"
        except OSError as error:
            return type(error).__name__


def kills(pid, number):
    try:
        os.kill(pid, number)
        return "killed"
    except OSError as error:
        return type(error).__name__


def system_call(number, *arguments):
    """Return the error number of a system call, 0 for none."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments))
    return ctypes.get_errno() if result < 0 else 0


def parent():
    return os.getppid()


def system_calls(numbers):
    return [system_call(number, -1, -1, -1, -1, -1, -1) for number in numbers]


def opens(family, kind, proto):
    try:
        socket.socket(family, kind, proto).close()
        return "opened"
    except OSError as error:
        return error.errno


def binds(port):
    try:
        with socket.create_server(("127.0.0.1", port)) as sock:
            return sock.getsockname()[1]
    except OSError as error:
        return type(error).__name__


def counts_together(processes):
    """Use what multiprocessing puts into shared memory: a queue and a lock."""
    import multiprocessing
    context = multiprocessing.get_context("fork")
    queue, lock = context.Queue(), context.Lock()

    def put(number):
        with lock:
            queue.put(number)

    started = [context.Process(target=put, args=(n,)) for n in range(processes)]
    for process in started:
        process.start()
    found = sorted(queue.get() for _ in started)
    for process in started:
        process.join()
    return found


def leaves_in_shared_memory(name):
    with open("/dev/shm/" + name, "wb") as file:
        file.write(b"x")
    return "left"


def starts_an_interpreter():
    program = "import os, json; print(json.dumps([os.getuid(), os.listdir('.')]))"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout


def waits():
    threading.Event().wait()
'''


@pytest.fixture(scope="session")
def spy() -> str:
    """Return the source of a submission that looks around."""
    return SPY
