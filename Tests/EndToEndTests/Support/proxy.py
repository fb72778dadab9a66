"""A TCP proxy on a free loopback port (printed) that can be hurt: proxy.py TARGET_PORT CONTROL_SOCKET.
Its control socket takes one line, which proxy.py --tell CONTROL_SOCKET WORD sends:
`hole` (connections stay open, bytes vanish), `pass` (holed connections are closed), `cut` (all are closed, new ones pass)."""
import asyncio
import socket
import sys

hole = False
holed = set()
writers = set()


async def pump(reader, writer):
    writers.add(writer)
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
    writers.discard(writer)
    # Nobody hears of the end of a connection either while its bytes vanish.
    while hole:
        await asyncio.sleep(0.05)
    writer.close()


async def serve(reader, writer):
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    except OSError:
        return writer.close()
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def control(reader, writer):
    global hole
    word = (await reader.readline()).strip()
    hole = word == b"hole"
    if word != b"hole":
        for other in list(writers if word == b"cut" else holed):
            other.transport.abort()
        holed.clear()
    writer.write(b"ok\n")
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    await asyncio.start_unix_server(control, sys.argv[2])
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if sys.argv[1] == "--tell":
    with socket.socket(socket.AF_UNIX) as teller:
        teller.connect(sys.argv[2])
        teller.sendall(sys.argv[3].encode() + b"\n")
        sys.exit(teller.recv(9) != b"ok\n")
asyncio.run(main())
