"""HTTP/1.1 by hand: one request, one response.

亲手写 HTTP/1.1：发一个请求，读一个响应。
"""

from __future__ import annotations

import sys
from typing import NamedTuple


class Response(NamedTuple):
    """What the server answered.  The header names are in lower case.

    服务器的响应。头部字段名一律小写。
    """

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes


def request(
    method: str,
    host: str,
    port: int,
    path: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    timeout: float = 5.0,
) -> Response:
    """Send one HTTP/1.1 request on a connection of its own, and return the response.

    Raises ``ValueError`` for a line break in the request and for an answer that no further
    bytes can mend, ``ConnectionError`` when the server closes before the answer is complete,
    ``TimeoutError`` when it is silent for ``timeout`` seconds.

    用一条新连接发送一个 HTTP/1.1 请求，并返回响应。

    请求里夹带换行，或者响应的内容再收多少字节也无法补救，抛出 ``ValueError``；
    响应还不完整服务器就关闭，抛出 ``ConnectionError``；
    服务器沉默超过 ``timeout`` 秒，抛出 ``TimeoutError``。
    """
    # TODO: What must the request consist of, line by line?  Which of its lines may the caller
    #       replace, and what could a caller smuggle in?
    # TODO: 请求逐行由什么组成？哪几行可以由调用者替换？调用者又可能夹带什么？
    # TODO: Where does the head of the answer end, if recv() may cut it anywhere?  What do you do
    #       with bytes that come in the same piece and belong to the body?
    # TODO: recv() 可能在任何位置切断，响应头到哪里结束？同一次收到的正文字节怎么办？
    # TODO: How does the answer say where its body ends?  There are four cases.
    # TODO: 响应怎样说明正文到哪里结束？一共四种情况。
    # TODO: Who closes the socket when something goes wrong halfway?
    # TODO: 中途出错时，谁来关闭套接字？
    raise NotImplementedError


if __name__ == "__main__":
    # Terminal 1 / 终端一:  python3 -m http.server 8000 --bind 127.0.0.1
    # Terminal 2 / 终端二:  python3 http_request.py 127.0.0.1 8000 /
    if len(sys.argv) < 3:
        sys.exit("usage: python3 http_request.py HOST PORT [PATH]")
    target = sys.argv[3] if len(sys.argv) > 3 else "/"
    answer = request("GET", sys.argv[1], int(sys.argv[2]), target)
    print(answer.status, answer.reason)
    for name, value in answer.headers.items():
        print(f"{name}: {value}")
    print()
    print(answer.body.decode("utf-8", "replace"))
