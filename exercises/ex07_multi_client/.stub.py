"""ex07: one server, many clients / 一个服务器，许多客户端."""

from __future__ import annotations


def serve(host: str, port: int) -> None:
    r"""Answer every line of every client in upper case, all clients at once.

    Listens on exactly (host, port) and never returns. A line ends with b"\n", holds any other
    bytes and is up to 60 KiB long; its answer is the same line with the ASCII letters in upper
    case (bytes.upper). No client, whatever it does or does not do, makes another one wait.

    同时为所有客户端服务：客户端每发来一行，就把这一行转成大写发回去。

    只在 (host, port) 上监听，永不返回。一行以 b"\n" 结尾，其余字节任意，最长 60 KiB；应答是同一行，
    其中的 ASCII 字母变成大写（bytes.upper）。某个客户端无论怎样，都不能让别的客户端等它。
    """
    # TODO: Which calls can wait, and for whom? Whatever waits for one client must not stand in
    #       the way of the others. Choose your means: threads, processes, selectors, asyncio...
    #       哪些调用会等待？在等谁？凡是等一个客户端的代码，都不能挡住别人。用什么办法由你选：
    #       线程、进程、selectors、asyncio……
    # TODO: recv() knows nothing of lines. Where does the start of an unfinished line live until
    #       the rest arrives, and whose is it?
    #       recv() 不懂什么叫“行”。只到了一半的行，在另一半到来之前放在哪里？它属于谁？
    # TODO: Clients leave: politely, in the middle of a line, or with a reset. What has to be
    #       tidied up each time, and what must go on?
    #       客户端总会离开：好好告别的、一行没发完的、直接重置连接的。要收拾什么？什么必须照常继续？
    raise NotImplementedError


if __name__ == "__main__":
    # Terminal 1 / 终端一:  python multi_client.py
    # Terminals 2, 3, ... / 终端二、三……:  nc 127.0.0.1 8888
    print("listening on 127.0.0.1:8888, Ctrl+C to stop / 正在监听 127.0.0.1:8888，按 Ctrl+C 停止")
    serve("127.0.0.1", 8888)
