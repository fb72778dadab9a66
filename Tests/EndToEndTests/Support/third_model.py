#!/usr/bin/env python3
"""fakellm (PyPI, MIT), a model server that others wrote, on a free port: third_model.py RULES.yaml prints "port N".

Ends when its standard input does.
"""
import os
import socket
import sys
import threading

os.environ["FAKELLM_CONFIG"] = sys.argv[1]

import uvicorn  # noqa: E402
from fakellm.server import app  # noqa: E402

listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
thread.start()
print(f"port {listener.getsockname()[1]}", flush=True)
sys.stdin.read()
server.should_exit = True
thread.join(5)
