"""ex90 line_length: how long is this line?  See README.md / README.zh.md.

这一行有多长？说明见 README.zh.md。
"""

import sys


def ask_length(host: str, port: int, line: str) -> int:
    """Send line, in UTF-8 and with one line end, and return the number that comes back.

    Raises:
        ConnectionError: the server closed before its answer was whole.

    以 UTF-8 发送 line，末尾加一个换行符；返回服务器回答的那个数。
    回答还不完整服务器就关闭了连接，抛出 ConnectionError。
    """
    # TODO: How does the server know that the line is over, and how do you know of its answer?
    # TODO: What does an empty recv() mean here?
    # 待办：服务器怎么知道这一行结束了？你又怎么知道回答结束了？
    # 待办：在这里，recv() 返回空意味着什么？
    raise NotImplementedError


if __name__ == "__main__":
    # Terminal 1 / 终端一:  nc -l 8888
    # Terminal 2 / 终端二:  python line_length.py hello
    print(ask_length("127.0.0.1", 8888, " ".join(sys.argv[1:])))
