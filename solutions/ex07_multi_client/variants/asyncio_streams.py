# variant: asyncio streams; drain() holds back a client that does not read
# 变体：asyncio 的流（streams）；客户端不读应答时，drain() 会停下来等它
"""Multi-client server with asyncio: one task per client."""

from __future__ import annotations

import asyncio
import contextlib


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while (line := await reader.readline()).endswith(b"\n"):
            writer.write(line.upper())
            await writer.drain()
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def main(host: str, port: int) -> None:
    server = await asyncio.start_server(talk, host, port, limit=1 << 17, backlog=128)
    async with server:
        await server.serve_forever()


def serve(host: str, port: int) -> None:
    asyncio.run(main(host, port))
