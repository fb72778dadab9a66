"""Speaks to the relay's port without cmdop: fetch.py URL | --verified CA_FILE URL | --tls-version PORT | --tls-1.2 PORT | --garbage PORT."""
import os
import socket
import ssl
import sys
import urllib.error
import urllib.request

anyone = ssl._create_unverified_context()  # the relay's certificate is its own


def dial(port, **limits):
    context = ssl._create_unverified_context()
    for name, value in limits.items():
        setattr(context, name, value)
    with socket.create_connection(("127.0.0.1", int(port)), 10) as plain, context.wrap_socket(plain) as secure:
        return secure.version()


def garbage(port):
    pieces = [
        b"\x16\x03\x01\xff\xff" + os.urandom(512),  # a TLS record that is none
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(512),  # HTTP/2, then noise
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04",  # a frame that is cut short
        b"GET / HTTP/9.9\r\n: \r\n\r\n",
        b"\x00" * 4096,
        b"",
    ]
    for piece in pieces:
        with socket.create_connection(("127.0.0.1", int(port)), 10) as plain:
            plain.settimeout(1)
            plain.sendall(piece)
            plain.shutdown(socket.SHUT_WR)
            try:
                while plain.recv(65536):
                    pass
            except OSError:
                pass
    print("sent")


what, *rest = sys.argv[1:]
if what == "--tls-version":
    print(dial(rest[0]))
elif what == "--tls-1.2":
    try:
        print(dial(rest[0], maximum_version=ssl.TLSVersion.TLSv1_2))
    except ssl.SSLError:
        print("refused")
elif what == "--garbage":
    garbage(rest[0])
else:
    context, url = (ssl.create_default_context(cafile=rest[0]), rest[1]) if what == "--verified" else (anyone, what)
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    try:
        answer = urllib.request.build_opener(*handlers).open(url, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    print(answer.status)
    print(answer.read().decode())
