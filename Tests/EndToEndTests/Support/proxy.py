"""A TCP proxy on a free loopback port (printed) that can lose every byte: proxy.py TARGET_PORT CONTROL_SOCKET.
The control socket takes one line: `hole` (connections stay open, bytes vanish) or `pass` (holed connections are reset)."""
import asyncio
import sys

hole = False
holed = set()


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            if hole:
                holed.add(writer)
                continue
            if writer in holed:
                break
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    writer.close()


async def serve(reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def control(reader, writer):
    global hole
    hole = (await reader.readline()).strip() == b"hole"
    writer.write(b"ok\n")
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await asyncio.start_unix_server(control, sys.argv[2])
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
