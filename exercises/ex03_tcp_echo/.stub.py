"""ex03 tcp_echo: the TCP echo server and its client.  See README.md / README.zh.md.

TCP 回显服务器与客户端。说明见 README.zh.md。
"""

import sys


def serve(host: str, port: int) -> None:
    """Listen on host:port and send every byte back to the client that sent it.

    Serves one client after the other (several at once is fine too) and never returns.

    在 host:port 上监听，把每个客户端发来的字节原样发回给它。
    一个接一个地服务即可（同时服务多个也行），函数永不返回。
    """
    # TODO: Which address does the listener get? Can it be had again right after a restart?
    # TODO: accept() gives you a second socket. Which of the two do you talk on?
    # TODO: How do you learn that a client has finished, and what becomes of its connection then?
    # TODO: What happens to the other clients when one of them breaks its connection off?
    # 待办：监听套接字绑定在哪个地址上？服务器刚停就重启，还能绑得上吗？
    # 待办：accept() 会再给你一个套接字，该用哪一个和客户端通信？
    # 待办：怎样知道客户端说完了？之后这条连接该怎么处理？
    # 待办：某个客户端突然断开，别的客户端会不会受连累？
    raise NotImplementedError


def echo(host: str, port: int, message: bytes, timeout: float = 5.0) -> bytes:
    """Send message to the echo server at host:port and return the reply.

    Args:
        host: address or name of the server.
        port: its port.
        message: the bytes to send; may be empty, may be very long.
        timeout: seconds that each connect, each send as a whole and each receive may take.

    Returns:
        The first len(message) bytes that come back.

    Raises:
        TimeoutError: a step took longer than timeout.
        ConnectionRefusedError: nobody listens there.
        ConnectionError: the server closed before the reply was complete.

    把 message 发给 host:port 上的回显服务器，返回收到的前 len(message) 个字节。
    timeout 以秒计，分别限制连接、整个发送过程和每一次接收的时间。
    超时抛出 TimeoutError；无人监听抛出 ConnectionRefusedError；
    回复还没收全对方就关闭了连接，抛出 ConnectionError。
    """
    # TODO: How many bytes are still missing, and how many does one recv() bring?
    # TODO: What does an empty recv() mean here?
    # TODO: From which moment on should the timeout apply?
    # TODO: Is the socket closed on every way out of this function?
    # 待办：还差多少字节？一次 recv() 能带来多少？
    # 待办：在这里，recv() 返回空意味着什么？
    # 待办：超时应当从哪一步开始起作用？
    # 待办：无论从哪条路离开这个函数，套接字都关闭了吗？
    raise NotImplementedError


if __name__ == "__main__":
    # Terminal 1 / 终端一:  python tcp_echo.py serve
    # Terminal 2 / 终端二:  python tcp_echo.py "hello, 你好"
    if sys.argv[1:] == ["serve"]:
        serve("127.0.0.1", 8888)
    else:
        words = " ".join(sys.argv[1:]) or "hello"
        print(echo("127.0.0.1", 8888, words.encode()).decode())
