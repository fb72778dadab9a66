#!/usr/bin/env python3
"""An MCP server of somebody else's, for tests: well-behaved, or not in ways that its words name. Standard library only.

    other_server.py [WORD…]            speaks over stdin and stdout
    other_server.py --http [WORD…]     Streamable HTTP on 127.0.0.1; prints "port N" and serves until its stdin ends

Words:
    modern         knows only MCP 2026-07-28: no initialize, server/discover instead
    old            answers initialize with 2024-11-05
    strange        answers initialize with a revision that nobody knows
    noise          prints lines on stdout that are no messages, before and between
    slow=FILE      is silent until there is such a file, before it answers initialize
    mute           answers nothing at all
    twice          answers everything twice, and asks back in between
    textid         answers with the id as a text
    pages          its list of tools has no end of pages; circle: the pages go in a circle
    many=N         has N tools more
    bad            has tools that cannot be offered, beside good ones
    flood          prints a line of 100 MB before the answer to tools/list
    dies=N         ends with status 3 after N calls (0: at once)
    shy            ends its input without ending itself: only KILL helps
    json, session  HTTP: answers with JSON instead of events; wants its session id
    cut            HTTP: the stream of a call ends in the middle
    count=FILE     appends a line to FILE at each start
Tools: echo {text}, env {name, is}, crash, hang, slow {seconds}, liar, data, picture, long, fail, ask_back, progress, grow.
"""
import http.server
import json
import os
import queue
import signal
import sys
import threading
import time

WORDS = {}
for word in sys.argv[1:]:
    name, _, value = word.lstrip("-").partition("=")
    WORDS[name] = value or True

TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
NONE = {"type": "object"}
MODERN = "2026-07-28"


def tools():
    found = [
        {"name": "echo", "title": "Say it again", "description": "Says \x1b[31mwhat\x07 it hears.", "inputSchema": TEXT,
         "annotations": {"readOnlyHint": True}},
        {"name": "env", "inputSchema": {"type": "object", "properties": {"name": {"type": "string"}}}},
        {"name": "crash", "inputSchema": NONE}, {"name": "hang", "inputSchema": NONE},
        {"name": "slow", "inputSchema": {"type": "object", "properties": {"seconds": {"type": "number"}}}},
        {"name": "liar", "inputSchema": NONE, "outputSchema": {
            "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        {"name": "data", "inputSchema": NONE, "outputSchema": {
            "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
        {"name": "picture", "inputSchema": NONE}, {"name": "long", "inputSchema": NONE},
        {"name": "fail", "inputSchema": NONE}, {"name": "ask_back", "inputSchema": NONE},
        {"name": "progress", "inputSchema": NONE}, {"name": "grow", "inputSchema": NONE},
    ]
    found += [{"name": f"more{n}", "inputSchema": NONE} for n in range(int(WORDS.get("many", 0)) + Server.grown)]
    if "bad" in WORDS:
        deep = {"type": "object"}
        for _ in range(60):
            deep = {"type": "object", "properties": {"a": deep}}
        found += [
            {"name": "Say Hello!", "inputSchema": NONE}, {"name": "say_hello", "inputSchema": NONE},
            {"name": "x" * 120, "inputSchema": NONE}, {"name": "x" * 121, "inputSchema": NONE},
            {"name": "noschema"}, {"name": "list", "inputSchema": {"type": "array"}},
            {"name": "huge", "inputSchema": {"type": "object", "description": "x" * 70000}},
            {"name": "far", "inputSchema": {"type": "object", "properties": {"a": {"$ref": "https://evil.example/s.json"}}}},
            {"name": "deep", "inputSchema": deep},
            {"name": "names", "inputSchema": {"type": "object", "properties": {"a b": {"type": "string"}}}},
            {"name": "odd", "description": "y" * 5000, "inputSchema": {
                "type": "object", "anyOf": [{"required": ["a"]}], "required": ["a", "a"], "$schema": "http://json-schema.org/draft-04/schema#",
                "properties": {"a": {"type": "number", "exclusiveMinimum": True, "items": [{}]}}}},
            {"name": "echo", "inputSchema": NONE}, "not a tool", {"name": "", "inputSchema": NONE},
        ]
    return found


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


class Server:
    """What is common to both ways. `say` sends a message; `wait` gives the answer to something that was asked back."""
    calls = 0
    grown = 0
    cancelled = set()

    def __init__(self, say):
        self.say, self.answers = say, queue.Queue()

    def handle(self, message):
        method, id, params = message.get("method"), message.get("id"), message.get("params") or {}
        if method is None:
            self.answers.put(message)
            return None
        if id is None:
            if method == "notifications/cancelled":
                Server.cancelled.add(params.get("requestId"))
            return None
        if "mute" in WORDS:
            return None
        meta = params.get("_meta") or {}
        if "modern" in WORDS and meta.get("io.modelcontextprotocol/protocolVersion") != MODERN:
            return self.error(id, -32601, "Method not found")
        try:
            result = self.result(method, params, meta)
        except KeyError:
            return self.error(id, -32601, "Method not found: " + method)
        except ValueError as error:
            return self.error(id, -32602, str(error))
        if result is None:
            return None
        if "modern" in WORDS:
            result["resultType"] = "complete"
            if method != "tools/call":
                result.update(ttlMs=1000, cacheScope="private")
        return {"jsonrpc": "2.0", "id": str(id) if "textid" in WORDS else id, "result": result}

    def error(self, id, code, words):
        return {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": words}}

    def result(self, method, params, meta):
        if method == "initialize" and "modern" not in WORDS:
            while "slow" in WORDS and not os.path.exists(WORDS["slow"]):
                time.sleep(0.02)
            said = params["protocolVersion"]
            said = "2024-11-05" if "old" in WORDS else "1999-01-01" if "strange" in WORDS else said
            return {"protocolVersion": said, "capabilities": {"tools": {"listChanged": True}},
                    "serverInfo": {"name": "other", "version": "1.2"}}
        if method == "server/discover" and "modern" in WORDS:
            return {"supportedVersions": [MODERN], "capabilities": {"tools": {}},
                    "_meta": {"io.modelcontextprotocol/serverInfo": {"name": "other", "version": "2.0"}}}
        if method == "tools/list":
            return self.list(params)
        if method == "tools/call":
            return self.call(params["name"], params.get("arguments") or {}, meta)
        raise KeyError(method)

    def list(self, params):
        if "flood" in WORDS:
            sys.stdout.buffer.write(b'"')
            for _ in range(100):
                sys.stdout.buffer.write(b"x" * 1_000_000)
            sys.stdout.buffer.write(b'"\n')
        if "pages" in WORDS or "circle" in WORDS:
            page = int(params.get("cursor") or 0)
            after = (page + 1) % 3 if "circle" in WORDS else page + 1
            return {"tools": [{"name": f"page{page}", "inputSchema": NONE}], "nextCursor": str(after)}
        return {"tools": tools()}

    def call(self, name, arguments, meta):
        if "dies" in WORDS:
            Server.calls += 1
            if Server.calls > int(WORDS["dies"]):
                print("the disk is full", file=sys.stderr, flush=True)
                os._exit(3)
        if name == "echo":
            return text(arguments["text"])
        if name == "env":
            value = os.environ.get(arguments.get("name", ""), "(unset)")
            return text("that" if arguments.get("is") == value else value)
        if name == "crash":
            print("segmentation fault", file=sys.stderr, flush=True)
            os._exit(3)
        if name == "hang":
            self.say({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                "progressToken": meta.get("progressToken"), "progress": 1}})
            time.sleep(3600)
        if name == "slow":
            time.sleep(arguments.get("seconds", 1))
            return text("cancelled: " + ",".join(sorted(map(str, Server.cancelled))))
        if name == "liar":
            return text("seven", structuredContent={"n": "seven"})
        if name == "data":
            return text("7", structuredContent={"n": 7})
        if name == "picture":
            return {"content": [
                {"type": "image", "mimeType": "image/png", "data": "A" * 16000},
                {"type": "resource_link", "uri": "file:///a", "name": "a"},
                {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "text/plain", "text": "in b"}},
                {"type": "hologram"}, "nothing"]}
        if name == "long":
            return text("begin\x1b]0;title\x07 " + "ä" * 200000 + " end")
        if name == "fail":
            return text("it is broken", isError=True)
        if name == "ask_back":
            self.say({"jsonrpc": "2.0", "id": "q1", "method": "ping"})
            self.say({"jsonrpc": "2.0", "id": "q2", "method": "sampling/createMessage", "params": {}})
            said = sorted([self.answers.get(timeout=10) for _ in range(2)], key=lambda answer: answer["id"])
            return text(json.dumps([said[0].get("result"), (said[1].get("error") or {}).get("code")]))
        if name == "progress":
            for n in range(1000):
                self.say({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": meta.get("progressToken"), "progress": n, "total": 1000, "message": f"step {n}"}})
            return text("done")
        if name == "grow":
            Server.grown += 1
            self.say({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
            return text("grown")
        raise ValueError("unknown tool " + name)


def stdio():
    lock = threading.Lock()

    def say(message):
        with lock:
            for _ in range(2 if "twice" in WORDS else 1):
                if "noise" in WORDS:
                    print("DEBUG: about to speak\n{\"half\": ", flush=True)
                print(json.dumps(message), flush=True)
                if "twice" in WORDS:
                    print(json.dumps({"jsonrpc": "2.0", "id": 999999, "result": {}}), flush=True)
                    print(json.dumps({"jsonrpc": "2.0", "id": None, "result": {}}), flush=True)

    server = Server(say)
    if "noise" in WORDS:
        print("Welcome to my server!\n\n", flush=True)
        sys.stdout.buffer.write(b"\xff\xfe\x00\n")
    print("starting, token " + os.environ.get("MY_TOKEN", "none"), file=sys.stderr, flush=True)

    def work(message):
        answer = server.handle(message)
        if answer is not None:
            say(answer)

    for line in sys.stdin:
        threading.Thread(target=work, args=(json.loads(line),), daemon=True).start()
    while "shy" in WORDS:
        time.sleep(1)
    os._exit(0)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sessions = set()

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        if self.headers.get("authorization") != "Bearer right-token-1":
            return self.say(401, b'{"error": "who are you"}')
        if self.path == "/elsewhere":
            return self.say(307, location="http://127.0.0.1:1/mcp?key=secret")
        method, params = message.get("method"), message.get("params") or {}
        if "modern" in WORDS and method in ("tools/call", "tools/list"):
            wanted = {"mcp-method": method, "mcp-protocol-version": MODERN}
            if method == "tools/call":
                wanted["mcp-name"] = params["name"]
            for name, value in wanted.items():
                if self.headers.get(name) != value:
                    return self.say(400, json.dumps(server_error(message, -32020, "header mismatch")).encode())
        more = {}
        if "session" in WORDS:
            session = self.headers.get("mcp-session-id")
            if method == "initialize":
                session = f"session-{time.time_ns()}"
                Handler.sessions.add(session)
                more["mcp_session_id"] = session
            elif session not in Handler.sessions:
                return self.say(404)
        if message.get("id") is None:
            Server(lambda _: None).handle(message)
            return self.say(202)
        if params.get("name") == "forget":
            Handler.sessions.clear()
        said = []
        server = Server(said.append)
        answer = server.handle(message)
        if answer is None:
            return self.say(202)
        if "error" in answer and "modern" in WORDS:
            return self.say(404, json.dumps(answer).encode())
        if "json" in WORDS:
            return self.say(200, json.dumps(answer).encode(), **more)
        events = b": hello\r\n\r\n" + b"".join(
            b"event: message\r\ndata: " + json.dumps(part).encode() + b"\r\n\r\n" for part in said + [answer])
        if "cut" in WORDS and method == "tools/call":
            events = events[:-40]
        self.say(200, events, "text/event-stream; charset=utf-8", **more)


def server_error(message, code, words):
    return {"jsonrpc": "2.0", "id": message.get("id"), "error": {"code": code, "message": words}}


def main():
    if "count" in WORDS:
        with open(WORDS["count"], "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
    if "dies" in WORDS and WORDS["dies"] == "0":
        print("cannot start: the licence has ended", file=sys.stderr, flush=True)
        os._exit(3)
    if "shy" in WORDS:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "http" not in WORDS:
        return stdio()
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, daemon=True).start()
    print(f"port {served.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
