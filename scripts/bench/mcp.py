"""The MCP server beside a fastmcp server: cold start to the first answer, and one call of a trivial tool."""
import json
import os
import subprocess
import sys
import time

from ptylib import median, stats
from results import Goal

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = """from fastmcp import FastMCP
server = FastMCP("peer")
@server.tool
def tasks(action: str) -> dict:
    return {"tasks": []}
server.run(show_banner=False)
"""
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}


class Server:
    def __init__(self, command, env):
        self.process = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)

    def ask(self, number, method, params):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()
        while True:
            answer = json.loads(self.process.stdout.readline())
            if answer.get("id") == number and "method" not in answer:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def tell(self, method):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method}).encode() + b"\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def first_answer(command, env, method, params):
    start = time.perf_counter()
    server = Server(command, env)
    try:
        server.ask(1, method, params)
        return (time.perf_counter() - start) * 1000
    finally:
        server.close()


def calls(command, env, name, arguments, count):
    server = Server(command, env)
    try:
        server.ask(0, "initialize", HELLO)
        server.tell("notifications/initialized")
        took = []
        for turn in range(count + 20):
            start = time.perf_counter()
            result = server.ask(turn + 1, "tools/call", {"name": name, "arguments": arguments})
            if result.get("isError"):
                raise RuntimeError(result)
            if turn >= 20:
                took.append((time.perf_counter() - start) * 1000)
        return took
    finally:
        server.close()


def measure(yard, world, result):
    world.clear()
    venv = os.environ.get("BENCH_FASTMCP", os.path.join(HERE, "..", "..", ".build", "venvs", "mcp2"))
    python = os.path.join(venv, "bin", "python")
    home = os.path.join(yard.work, "mcp")
    os.makedirs(home, mode=0o700)
    env = {**yard.env, "CMDOP_HOME": home}
    with open(os.path.join(home, "permissions.yaml"), "w") as file:
        os.chmod(file.name, 0o600)
        file.write("version: 1\nmode: strict\nrules:\n  - rule: shell_tasks(list)\n    action: allow\n")
    peer_file = os.path.join(yard.work, "peer.py")
    with open(peer_file, "w") as file:
        file.write(PEER)
    ours, peer = [yard.cmdop, "mcp", "stdio"], [python, peer_file]
    yard.run([yard.cmdop, "agent", "start"], env)
    try:
        if not os.path.exists(python):
            result.note("fastmcp: not installed (make test installs it); nothing to compare with")
            peer = None
        samples = {}
        for turn in range(yard.runs + 1):
            for name, command, place in (("cmdop", ours, env), ("fastmcp", peer, yard.env)):
                if command is None:
                    continue
                for method, params in (("initialize", HELLO), ("server/discover", {"_meta": META})):
                    try:
                        took = first_answer(command, place, method, params)
                    except RuntimeError:
                        continue  # it does not know this method
                    if turn:
                        samples.setdefault((name, method), []).append(took)
        for method in ("initialize", "server/discover"):
            mine, other = samples.get(("cmdop", method)), samples.get(("fastmcp", method))
            result.raw("cold %s" % method, {"cmdop": stats(mine), "fastmcp": stats(other) if other else None})
            row = "MCP, cold start to the answer of %s" % method
            if other:
                result.row(row, "ms", median(mine), "fastmcp", median(other), Goal(at_most=0.2))
            result.row(row, "ms", median(mine), goal=Goal(at_most=60, of="value"))
        mine = calls(ours, env, "shell_tasks", {"action": "list"}, 500)
        result.raw("call", stats(mine))
        if peer:
            other = calls(peer, yard.env, "tasks", {"action": "list"}, 500)
            result.raw("peer call", stats(other))
            result.row("MCP, tools/call of a trivial tool, warm, judged and written down", "ms", median(mine), "fastmcp",
                       median(other), Goal(at_most=1 / 3))
        else:
            result.row("MCP, tools/call of a trivial tool, warm, judged and written down", "ms", median(mine))
        result.note("%d cold starts each, in turn; 500 calls each; our daemon runs, over its socket" % yard.runs)
    finally:
        yard.run([yard.cmdop, "agent", "stop"], env)
