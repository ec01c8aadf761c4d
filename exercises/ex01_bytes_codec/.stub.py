"""ex01 · Text and bytes · 文本与字节.

Replace each ``raise NotImplementedError`` by your own code, then run::

    nox -s grade -- ex01

请把每一处 ``raise NotImplementedError`` 换成你自己的代码，然后运行上面的命令评分。
"""

import socket
import sys
from collections.abc import Iterator


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    """Turn text into bytes, ready to be sent.

    把文本编码成可以发送的字节。

    Raises:
        UnicodeEncodeError: the encoding has no way to write one of the characters.
            该编码无法表示其中某个字符。
        LookupError: Python doesn't know the encoding. Python 不认识这种编码。
    """
    # TODO: Is every str possible in every encoding? Nothing may be lost silently.
    # TODO: 任何文本都能用任何编码表示吗？遇到表示不了的字符，不能悄悄丢掉。
    raise NotImplementedError


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    """Turn received bytes back into text.

    把收到的字节解码成文本。

    Raises:
        UnicodeDecodeError: the bytes are no text in this encoding.
            这些字节按该编码解释不成文本。
        LookupError: Python doesn't know the encoding. Python 不认识这种编码。
    """
    # TODO: Look at what str(b"hi") gives in the interpreter. Is it what you want?
    # TODO: 先在解释器里看看 str(b"hi") 得到什么。那是你要的结果吗？
    raise NotImplementedError


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    """Receive until the peer closes; return everything as one text.

    一直接收到对方关闭连接，把收到的全部内容作为一个字符串返回。

    Raises:
        UnicodeDecodeError: what came is not valid, or its last character is cut.
            收到的内容不合法，或者最后一个字符不完整。
        LookupError: Python doesn't know the encoding. Python 不认识这种编码。
    """
    # TODO: How do you learn that the peer has closed? When is the time to decode?
    # TODO: 怎么知道对方已经关闭？应该在什么时候解码？
    raise NotImplementedError


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    """Yield text piece by piece, as soon as whole characters are there; never an empty piece.

    边接收边产出文本：字符一完整就产出，从不产出空字符串。

    Raises:
        UnicodeDecodeError: what came is not valid, or its last character is cut.
            收到的内容不合法，或者最后一个字符不完整。
        LookupError: Python doesn't know the encoding. Python 不认识这种编码。
    """
    # TODO: A segment may end inside a character. What can be handed out, what must be kept?
    # TODO: And when the peer closes: is anything left over?
    # TODO: 一段数据可能正好断在某个字符中间。哪些可以先交出去，哪些要留着？
    # TODO: 对方关闭时，还有没有剩下的字节？
    raise NotImplementedError


def main() -> None:
    """Wait for one connection on this machine and show its text as it comes.

    在本机等待一个连接，收到文本就立刻显示出来。

    Usage 用法: ``python bytes_codec.py [PORT] [ENCODING]``
    """
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8888
    encoding = sys.argv[2] if len(sys.argv) > 2 else "utf-8"
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"waiting on 127.0.0.1:{port} · 等待连接 ({encoding})")
        conn, _ = listener.accept()
        with conn:
            for piece in receive_text_stream(conn, encoding):
                print(repr(piece), flush=True)
    print("the peer has closed · 对方已关闭")


if __name__ == "__main__":
    main()
