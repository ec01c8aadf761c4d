# variant: asyncio's streams, which find the line end themselves
# 变体：使用 asyncio 的流，由它来找换行符
import asyncio


def ask_length(host, port, line):
    return asyncio.run(conversation(host, port, line))


async def conversation(host, port, line):
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(line.encode("utf-8"))
        writer.write(b"\n")
        return int(await reader.readuntil(b"\n"))
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("closed too early") from error
    finally:
        writer.close()
        await writer.wait_closed()
