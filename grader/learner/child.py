"""The learner's side of one check: load the submission, obey the judge, report plainly.

The judge sends one frame per order, the child answers with events.  Nothing that is
decided here is trusted: the judge looks at the wire and at the kernel as well.
Standard library only; see ``runner.py`` for how this process came to be.
"""

from __future__ import annotations

import builtins
import codecs
import contextlib
import errno
import gc
import os
import socket
import struct
import sys
import types
import warnings
from time import monotonic as _monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from grader.learner import plain
else:
    import plain

# What learners' code makes Python import at the first use: "idna" is for every host's name.
_CODECS = ("idna", "ascii", "latin-1", "utf-16", "utf-16-be", "utf-16-le", "gbk")
_TEXT_LIMIT = 2000
_FRAMES = 12
_CO_COROUTINE = 0x80
_CO_ASYNC_GENERATOR = 0x200
_CO_VARARGS = 0x04

_KNOWN = {
    cls: f"builtins.{cls.__name__}"  # not its alias: OSError is also called IOError
    for cls in vars(builtins).values()
    if isinstance(cls, type) and issubclass(cls, BaseException)
}
_KNOWN.update({socket.gaierror: "socket.gaierror", struct.error: "struct.error"})


def receive(sock: socket.socket) -> object:
    """Return the next frame of a stream socket, decoded (EOFError at its end)."""

    def exactly(size: int) -> bytearray:
        data = bytearray(size)
        with memoryview(data) as view:
            at = 0
            while at < size:
                count = sock.recv_into(view[at:])
                if not count:
                    raise EOFError
                at += count
        return data

    return plain.decode(exactly(plain.frame_size(exactly(4))))


_NAMES = {1: "stdout", 2: "stderr"}
# Made before the fork: what they write to is decided by what the descriptor is by then.
_STREAMS: dict[str, TextIO] = {}


def _stream(fd: int) -> TextIO:
    return open(fd, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)


def _take_streams() -> None:
    for fd, name in _NAMES.items():
        stream = _STREAMS.get(name) or _stream(fd)
        _STREAMS[name] = stream
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def warm_up() -> None:
    """Do once what every child does first: what is there already is not made in each of them."""
    import _sitebuiltins
    import faulthandler  # noqa: F401

    try:
        import fcntl  # noqa: F401
        import resource  # noqa: F401
    except ImportError:  # Windows
        return
    _sitebuiltins.Quitter("exit", "Ctrl-D")
    for codec in _CODECS:
        with contextlib.suppress(LookupError, ImportError):  # a Python built without it
            codecs.lookup(codec)
    _take_streams()
    os.environ.clear()
    plain.decode(plain.encode({"op": "load", "functions": {"f": 1}, "send_cap": False})[4:])


class _CappedSocket(socket.socket):
    """A socket whose ``send`` takes only half of what it is given, as send(2) may."""

    def send(self, data, flags=0):  # type: ignore[no-untyped-def]
        view = memoryview(data).cast("B")
        return super().send(view[: max(1, (len(view) + 1) // 2)], flags)

    def sendmsg(self, buffers, *rest):  # type: ignore[no-untyped-def]
        whole = b"".join(buffers)
        return super().sendmsg([whole[: max(1, (len(whole) + 1) // 2)]], *rest)


class Child:
    """Obeys the judge's orders, one at a time."""

    def __init__(
        self, control: socket.socket, config: dict[str, object], code: object, dump: int | None
    ) -> None:
        self.control = control
        self.config = config
        self.code = code
        self.dump = dump
        self.path = str(config["path"])
        self.module = types.ModuleType(str(config["slug"]))
        self.kept: dict[str, object] = {}
        self.held: list[object] = []
        self.warned: list[str] = []

    def run(self) -> None:
        """Serve the judge until it hangs up, then end this process at once."""
        try:
            self._prepare()
            while True:
                order = receive(self.control)
                assert isinstance(order, dict)
                getattr(self, "_do_" + str(order["op"]))(order)
        except (EOFError, OSError):
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a fault of ours, or the learner pulled our strings
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(71)

    def send(self, **event: object) -> None:
        """Send one event to the judge."""
        try:
            parts = plain.pieces(event)
        except plain.PlainError as error:
            parts = plain.pieces({"event": "too_much", "text": str(error)})
        for part in parts:
            self.control.sendall(part)

    def _prepare(self) -> None:
        sys.dont_write_bytecode = True
        os.environ.clear()
        sys.argv[:] = [self.path]
        sys.path.insert(0, os.path.dirname(self.path))
        _take_streams()
        if self.dump is not None:
            import faulthandler

            faulthandler.register(
                int(str(self.config["dump_signal"])), file=self.dump, all_threads=True
            )
        self._limit()
        import _sitebuiltins

        vars(builtins)["exit"] = _sitebuiltins.Quitter("exit", "Ctrl-D")
        vars(builtins)["quit"] = _sitebuiltins.Quitter("quit", "Ctrl-D")

    def _limit(self) -> None:
        try:
            import resource
        except ImportError:
            return
        limits = self.config["rlimits"]
        assert isinstance(limits, dict)
        for name, value in limits.items():
            kind = getattr(resource, str(name), None)
            if kind is None:
                continue
            _, hard = resource.getrlimit(kind)
            wanted = int(value) if hard < 0 else min(int(value), hard)
            # The kernel's word for the end of processor time is SIGXCPU; SIGKILL comes after it.
            most = wanted + 1 if name == "RLIMIT_CPU" and (hard < 0 or wanted < hard) else wanted
            try:
                resource.setrlimit(kind, (wanted, most))
            except (OSError, ValueError):
                continue

    def _do_load(self, order: dict[str, object]) -> None:
        if order.get("send_cap"):
            for name in ("socket", "SocketType"):
                setattr(socket, name, _CappedSocket)
        module = self.module
        module.__file__ = self.path
        sys.modules[module.__name__] = module
        try:
            if self.code is None:
                with open(self.path, "rb") as file:
                    self.code = compile(file.read(), self.path, "exec", dont_inherit=True)
            # The one place where a learner's code starts to run; this process is theirs.
            exec(self.code, module.__dict__)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001 - SystemExit is an answer, too
            self.send(event="load_failed", **self._describe(error))
            return
        functions = order.get("functions") or {}
        assert isinstance(functions, dict)
        self.send(event="loaded", problems=[self._problem(n, p) for n, p in functions.items()])

    def _problem(self, name: str, count: object) -> dict[str, object]:
        """Say what keeps the function ``name`` from being called with ``count`` arguments."""
        found = vars(self.module).get(name)
        function = getattr(found, "__wrapped__", found)
        code = getattr(function, "__code__", None)
        problem: dict[str, object] = {"function": name, "problem": "", "line": 0}
        if found is None:
            problem["problem"] = "missing"
        elif not callable(found):
            problem["problem"] = "not_callable"
        elif isinstance(code, types.CodeType) and isinstance(found, types.FunctionType):
            problem["line"] = code.co_firstlineno
            wanted_async = isinstance(count, list) and count[1]
            wanted = int(str(count[0] if isinstance(count, list) else count))
            is_async = bool(code.co_flags & (_CO_COROUTINE | _CO_ASYNC_GENERATOR))
            most = code.co_argcount
            least = most - len(found.__defaults__ or ())
            keywords = code.co_kwonlyargcount - len(found.__kwdefaults__ or {})
            if is_async != bool(wanted_async):
                problem["problem"] = "is_async" if is_async else "not_async"
            elif (
                keywords > 0
                or wanted < least
                or (wanted > most and not code.co_flags & _CO_VARARGS)
            ):
                problem["problem"] = "parameters"
                problem["names"] = list(code.co_varnames[:most])
        return problem

    def _do_call(self, order: dict[str, object]) -> None:
        self.held = []
        self.warned = []
        handed: list[socket.socket] = []
        try:
            target = self._resolve(str(order["target"]))
            arguments = [self._argument(spec, handed) for spec in order["args"]]  # type: ignore[attr-defined]
        except BaseException as error:  # noqa: BLE001
            self.send(event="cannot_call", **self._describe(error))
            return
        self._watch_warnings()
        self.send(event="calling", at=_monotonic())
        in_use = False
        try:
            value: object
            if order["mode"] == "iterate":
                value, in_use = self._iterate(target(*arguments), order.get("take"))  # type: ignore[operator]
            elif order["mode"] == "async":
                import asyncio

                value = asyncio.run(target(*arguments))  # type: ignore[operator]
            else:
                value = target(*arguments)  # type: ignore[operator]
        except BaseException as error:  # noqa: BLE001
            at = _monotonic()
            self.held = [error, *handed]
            self.send(event="raised", at=at, sockets=_states(handed), **self._describe(error))
            del error
            return
        at = _monotonic()
        self.held = [value, *handed]
        if order.get("keep"):
            self.kept[str(order["keep"])] = value
            value = None
        attributes = order.get("attributes")
        try:
            shown = self._plainly(value, attributes)  # type: ignore[arg-type]
        except BaseException as error:  # noqa: BLE001
            self.send(event="unreadable", sockets=_states(handed), **self._describe(error))
            return
        # An iterator that is still in use may do with its socket as it likes.
        states = _states([] if in_use else handed)
        given = _given(shown, arguments, order["args"])  # type: ignore[arg-type]
        if given >= 0:
            shown = None
        self.send(event="returned", at=at, value=shown, given=given, sockets=states)

    def _do_release(self, order: dict[str, object]) -> None:
        self.held = []
        gc.collect()
        self.send(event="released", warnings=self.warned[:20])

    def _resolve(self, target: str) -> object:
        first, *rest = target.split(".")
        found = self.kept[first] if first in self.kept else getattr(self.module, first)
        for name in rest:
            found = getattr(found, name)
        return found

    def _argument(self, spec: list[object], handed: list[socket.socket]) -> object:
        kind = spec[0]
        if kind == "connected":
            _, family, address, timeout = spec
            sock = socket.socket(int(family))  # type: ignore[call-overload]
            sock.connect(tuple(address) if isinstance(address, (list, tuple)) else str(address))
            sock.settimeout(timeout)  # type: ignore[arg-type]
            handed.append(sock)
            return sock
        if kind == "numbered":
            return bytes(plain.Numbered(spec[1], spec[2]))  # type: ignore[arg-type]
        if kind == "kept":
            return self.kept[str(spec[1])]
        if kind == "path":
            return os.path.join(os.getcwd(), str(spec[1]))
        return spec[1]

    def _iterate(self, iterable: object, take: object) -> tuple[int | None, bool]:
        """Send each item as it comes; after ``take`` of them close the iterator.

        Return how many there were (None where there was no iterator, but None), and whether
        the iterator is still in use: it was not exhausted, and has no ``close``.
        """
        if iterable is None:
            return None, False
        iterator = iter(iterable)  # type: ignore[call-overload]
        count = 0
        while take is None or count < int(take):  # type: ignore[call-overload]
            try:
                item = next(iterator)
            except StopIteration:
                return count, False
            count += 1
            self.send(event="item", value=item)
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
        return count, close is None

    def _plainly(self, value: object, attributes: list[str] | None) -> object:
        if not attributes or value is None:
            return value
        found = {name: getattr(value, name) for name in attributes}
        for name, item in found.items():
            if not isinstance(item, dict) and hasattr(item, "keys") and hasattr(item, "items"):
                found[name] = dict(item.items())
        return found

    def _watch_warnings(self) -> None:
        warned = self.warned

        def note(message, category, *rest, **more):  # type: ignore[no-untyped-def]
            if issubclass(category, ResourceWarning) and len(warned) < 20:
                warned.append(str(message)[:200])

        warnings.simplefilter("ignore")
        warnings.simplefilter("always", ResourceWarning)
        warnings.showwarning = note

    def _describe(self, error: BaseException) -> dict[str, object]:
        lineage = []
        for cls in type.mro(type(error)):
            name = _KNOWN.get(cls)
            if name is None:
                module = str(cls.__module__)
                name = f"{module if module != 'builtins' else '?'}.{cls.__name__}"
            lineage.append(name)
        try:
            text = str.__str__(str(error))[:_TEXT_LIMIT]
        except BaseException:  # noqa: BLE001 - a hostile __str__
            text = ""
        frames = []
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.path:
                frames.append([trace.tb_lineno, trace.tb_frame.f_code.co_name])
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename == self.path:
            frames = [[error.lineno or 0, ""]]
        number = error.errno if isinstance(error, OSError) else None
        return {
            "type": type(error).__name__,
            "bases": lineage,
            "text": text,
            "frames": frames[-_FRAMES:],
            "errno": errno.errorcode.get(number, "") if isinstance(number, int) else "",
        }


def _given(value: object, arguments: list[object], specs: list[list[object]]) -> int:
    """Return which argument of many MiB came back as it was, -1 for none.

    The judge, which has never made it, is told so; it would cross twice for nothing.
    """
    if type(value) in (bytes, bytearray):
        for number, spec in enumerate(specs):
            if spec[0] == "numbered" and value == arguments[number]:
                return number
    return -1


def _states(socks: list[socket.socket]) -> list[dict[str, object]]:
    """Say of each socket that the learner was handed whether it is open, and its timeout."""
    states: list[dict[str, object]] = []
    for sock in socks:
        try:
            os.fstat(sock.fileno())
            states.append({"open": True, "timeout": sock.gettimeout()})
        except (OSError, ValueError):
            states.append({"open": False, "timeout": None})
    return states
