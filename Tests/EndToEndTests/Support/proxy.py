"""A TCP proxy on a free loopback port (printed) that can be hurt: proxy.py TARGET_PORT CONTROL_SOCKET.
Its control socket takes one line, which proxy.py --tell CONTROL_SOCKET WORD sends:
`cut`     all connections are reset, new ones pass
`refuse`  the same, and new ones are reset too
`stall`   nothing passes, and nothing is lost
`hole`    bytes vanish
`pass`    all is well again: what was stalled goes on; connections that lost bytes are reset
`heal`    the same, but connections that lost bytes stay silent for ever, as after a change of address"""
import asyncio
import socket
import sys

mode = "pass"
moved = None  # an Event: the mode has changed
holed = set()
writers = set()


async def pump(reader, writer):
    writers.add(writer)
    try:
        while data := await reader.read(65536):
            while mode == "stall":
                await moved.wait()
            if mode == "hole":
                holed.add(writer)
            if writer in holed:
                continue
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    # Nobody hears of the end of a connection either while its bytes vanish, or after they have.
    while mode == "hole" or (writer in holed and not writer.transport.is_closing()):
        await moved.wait()
    writers.discard(writer)
    holed.discard(writer)
    writer.close()


async def serve(reader, writer):
    if mode == "refuse":
        return writer.transport.abort()
    try:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    except OSError:
        return writer.transport.abort()
    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


async def control(reader, writer):
    global mode, moved
    mode = (await reader.readline()).strip().decode()
    if mode in ("cut", "refuse", "pass"):
        for other in list(holed if mode == "pass" else writers):
            other.transport.abort()
        holed.clear()
    moved.set()
    moved = asyncio.Event()
    writer.write(b"ok\n")
    await writer.drain()
    writer.close()


async def main():
    global moved
    moved = asyncio.Event()
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
