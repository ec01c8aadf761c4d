# variant: a thread receives and decodes ahead, a queue hands over text, errors and the end
# 变体：一个线程提前接收并解码，文本、异常和结束标志都通过队列交出来
import codecs
import queue
import socket
import threading
from collections.abc import Iterator

Item = str | BaseException | None


def encode_text(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


def decode_text(data: bytes, encoding: str = "utf-8") -> str:
    return data.decode(encoding)


def receive_text(sock: socket.socket, encoding: str = "utf-8") -> str:
    return "".join(receive_text_stream(sock, encoding))


def receive_text_stream(sock: socket.socket, encoding: str = "utf-8") -> Iterator[str]:
    items: queue.SimpleQueue[Item] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sock, encoding, items), daemon=True).start()
    return _drain(items)


def _read(sock: socket.socket, encoding: str, items: "queue.SimpleQueue[Item]") -> None:
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        chunk = b"-"
        while chunk:
            chunk = sock.recv(4096)
            items.put(decoder.decode(chunk, final=not chunk))
    except Exception as error:  # noqa: BLE001 - whatever it is, the consumer is to see it
        items.put(error)
    else:
        items.put(None)


def _drain(items: "queue.SimpleQueue[Item]") -> Iterator[str]:
    while (item := items.get()) is not None:
        if isinstance(item, BaseException):
            raise item
        if item:
            yield item
