"""Exercise 13: broadcast over UDP. Announce to everybody, listen, discover who is there.

练习 13：UDP 广播。向所有人通告、限时收听、发现网内有谁。
"""

from __future__ import annotations

import sys


def announce(message: bytes, address: str, port: int) -> None:
    """Broadcast ``message`` as exactly one datagram.

    ``address`` is a dotted broadcast address, such as ``"127.255.255.255"``. The message may be
    any bytes, none at all too. The system's errors go through; the socket is closed in the end.

    把 ``message`` 作为恰好一个数据报广播出去。``address`` 是点分十进制的广播地址，
    例如 ``"127.255.255.255"``。内容可以是任意字节，也可以为空。系统报的错误原样抛出；
    无论成败，套接字都要关闭。
    """
    # TODO: which permission does a socket need before it may send to everybody?
    # TODO：套接字要向所有人发送，得先打开哪个选项？
    raise NotImplementedError


def listen(port: int, timeout: float, address: str = "") -> list[tuple[bytes, str]]:
    """Return every datagram that arrives within ``timeout`` seconds, in order.

    Binds ``address`` (``""``: every address of this machine) and ``port``. Each item is a pair
    ``(data, sender's IP address)``. ``timeout`` bounds the whole call, however much arrives. Two
    calls in two processes can share a port.

    返回 ``timeout`` 秒之内到达的全部数据报，按到达顺序排列。绑定 ``address``
    （``""`` 表示本机所有地址）和 ``port``。每一项是 ``(数据, 发送方 IP)``。
    ``timeout`` 限定整个调用的时间，不管来了多少数据报。两个进程可以同时监听同一个端口。
    """
    # TODO: what must stand before bind, so that a second listener can join?
    # TODO: how much time is left for the next recvfrom, after some have succeeded?
    # TODO: what does b"" mean where there is no connection that could end?
    # TODO：要让第二个监听者也能加入，bind 之前该做什么？
    # TODO：已经收到几个之后，留给下一次 recvfrom 的时间还有多少？
    # TODO：没有连接，也就谈不上“对方关闭”，那么收到 b"" 说明什么？
    raise NotImplementedError


def discover(address: str, port: int, timeout: float) -> dict[str, bytes]:
    """Broadcast ``b"DISCOVER"`` and return each responder's first answer by its IP address.

    Listens for answers for ``timeout`` seconds in all, on a socket of this call's own.

    广播 ``b"DISCOVER"``，返回一个字典：响应者的 IP 对应它的第一个应答。
    收应答的时间总共 ``timeout`` 秒，每次调用都用自己的套接字。
    """
    # TODO: on which port will the answers arrive, and who chose it?
    # TODO: what if somebody answers twice, or with nothing?
    # TODO：应答会到哪个端口？这个端口是谁选的？
    # TODO：有人应答两次，或者应答是空的，怎么办？
    raise NotImplementedError


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["announce", text, target, number]:
            announce(text.encode(), target, int(number))
        case ["listen", number, seconds]:
            for heard, source in listen(int(number), float(seconds)):
                print(f"{source}: {heard!r}")
        case ["discover", target, number, seconds]:
            for responder, reply in discover(target, int(number), float(seconds)).items():
                print(f"{responder}: {reply!r}")
        case _:
            sys.exit(
                "usage: udp_broadcast.py announce TEXT ADDRESS PORT\n"
                "       udp_broadcast.py listen PORT SECONDS\n"
                "       udp_broadcast.py discover ADDRESS PORT SECONDS"
            )
