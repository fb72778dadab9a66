"""Speaks MCP to a server byte by byte, in every revision, as a client of its own. Every line that comes back is held against the
schema of the revision that is spoken, and against what was asked. Prints JSON, one line for each check: {"check", "ok", "info"};
the exit code says whether all went well.

    mcp_wire.py [--work DIR] [--only A,B] [--no-calls] -- COMMAND WORD…

--no-calls: lists and refusals only, no tool is called. The gate must ask about commands that begin with touch, and let everything
else pass.
"""
import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from jsonschema import Draft7Validator, Draft202012Validator

given = argparse.ArgumentParser()
given.add_argument("--work", default=".")
given.add_argument("--only", default="")
given.add_argument("--no-calls", action="store_true")
given.add_argument("command", nargs="+")
given = given.parse_args()
work = Path(given.work).resolve()

MODERN = "2026-07-28"
HANDSHAKES = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]
LATEST = HANDSHAKES[-1]
PREFIX = "io.modelcontextprotocol/"
PATIENCE = 20


class Wrong(Exception):
    pass


def must(holds, *info):
    if not holds:
        raise Wrong(" ".join(it if isinstance(it, str) else json.dumps(it, ensure_ascii=False)[:400] for it in info))


# MARK: what a line may be

class Book:
    """The schema of a revision."""
    RESULTS = {
        "initialize": "InitializeResult", "ping": "EmptyResult", "tools/list": "ListToolsResult", "tools/call": "CallToolResult",
        "resources/list": "ListResourcesResult", "resources/templates/list": "ListResourceTemplatesResult",
        "resources/read": "ReadResourceResult", "prompts/list": "ListPromptsResult", "prompts/get": "GetPromptResult",
        "completion/complete": "CompleteResult", "server/discover": "DiscoverResult",
        "subscriptions/listen": "SubscriptionsListenResult", "resources/subscribe": "EmptyResult",
        "resources/unsubscribe": "EmptyResult", "logging/setLevel": "EmptyResult",
    }

    def __init__(self, revision):
        schema = json.loads((Path(__file__).parent / "mcp-schema" / f"{revision}.json").read_text())
        self.key = "$defs" if "$defs" in schema else "definitions"
        self.words, self.known = schema[self.key], {}
        self.kind = Draft202012Validator if self.key == "$defs" else Draft7Validator

    def faults(self, name, value):
        if name not in self.known:
            self.known[name] = self.kind({"$ref": f"#/{self.key}/{name}", self.key: self.words})
        return [f"{name}: {'/'.join(str(it) for it in e.absolute_path)}: {e.message[:160]}" for e in self.known[name].iter_errors(value)]


BOOKS = {}


def book(revision):
    return BOOKS.setdefault(revision, Book(revision))


def is_same(one, other):
    """1 and "1" are two ids, and so are 1 and True."""
    return type(one) is type(other) and one == other


class Peer:
    """A running server, and everything it has said."""

    def __init__(self, revision=LATEST, shakes=True, capabilities=None):
        self.revision, self.capabilities = revision, capabilities or {}
        self.faults, self.heard, self.asked, self.answered, self.tokens = [], [], {}, {}, {}
        self.batches = []
        self.number = 0
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            given.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.ended = False
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()
        if revision != MODERN and shakes:
            self.card = self.ask("initialize", {
                "protocolVersion": revision, "capabilities": self.capabilities, "clientInfo": {"name": "wire", "version": "1"}})
            self.tell("notifications/initialized")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for pipe in [self.process.stdin, self.process.stdout]:
            try:
                if pipe is self.process.stdin or kind:
                    pipe.close()
            except (OSError, ValueError):
                pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.faults.append("it did not end with its input")
        if not kind:
            must(not self.faults, "; ".join(self.faults[:5]))

    def listen(self):
        try:
            for line in self.process.stdout:
                with self.news:
                    try:
                        self.judge(line)
                    except Exception as error:
                        self.faults.append(f"{type(error).__name__}: {error} in {line[:200]}")
                    self.news.notify_all()
        except ValueError:  # closed by us
            pass
        with self.news:
            self.ended = True
            self.news.notify_all()

    def judge(self, line):
        say = self.faults.append
        if not line.endswith(b"\n") or b"\r" in line:
            say(f"a line that does not end as it should: {line[-80:]}")
        message = json.loads(line.decode("utf-8"))
        if isinstance(message, list) and self.revision == "2025-03-26" and message:  # the answer to a batch
            self.batches.append(message)
            for part in message:
                self.judge_message(part)
            return
        self.judge_message(message)

    def judge_message(self, message):
        say = self.faults.append
        if not isinstance(message, dict):
            say(f"not an object: {str(message)[:200]}")
            return
        words = book(self.revision)
        # Older schemas have no word for an error about a line that has no id.
        if "error" not in message or message.get("id") is not None or self.revision in [LATEST, MODERN]:
            self.faults += words.faults("JSONRPCMessage", message)
        self.heard.append(message)
        if "method" in message and "id" in message:
            self.faults += ["a request of the server"] if self.revision == MODERN else words.faults("ServerRequest", message)
        elif "method" in message:
            self.faults += words.faults("ServerNotification", message)
            self.judge_note(message)
        else:
            self.judge_answer(message, words)

    def judge_note(self, message):
        params = message.get("params", {})
        if message["method"] != "notifications/progress":
            return
        known = self.tokens.get(json.dumps(params["progressToken"]))
        if known is None:
            self.faults.append(f"progress for nobody: {params}")
        elif known["over"]:
            self.faults.append(f"progress after the answer: {params}")
        elif known["steps"] and params["progress"] <= known["steps"][-1]:
            self.faults.append(f"progress that does not grow: {params}")
        else:
            known["steps"].append(params["progress"])
            known["words"].append(params.get("message"))

    def judge_answer(self, message, words):
        if ("result" in message) == ("error" in message):
            self.faults.append(f"an answer has one of result and error: {message}")
        if "id" not in message or message["id"] is None:
            if "error" not in message:
                self.faults.append(f"an answer to nobody: {message}")
            return
        key = json.dumps(message["id"])
        if key not in self.asked:
            self.faults.append(f"an answer to what was not asked: {message}")
            return
        if key in self.answered:
            self.faults.append(f"answered twice: {message}")
        self.answered[key] = message
        method = self.asked[key]
        if "result" in message:
            name = Book.RESULTS.get(method, "EmptyResult")
            if message["result"].get("resultType") == "input_required":
                name = "InputRequiredResult"
            self.faults += words.faults(name, message["result"])
            if self.revision == MODERN and "resultType" not in message["result"]:
                self.faults.append(f"{method}: no resultType")
        for known in self.tokens.values():
            if known["id"] == key:
                known["over"] = True

    # MARK: saying

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        self.raw(json.dumps(message, ensure_ascii=False).encode() + b"\n")

    def meta(self, token=None, capabilities=None):
        meta = {} if token is None else {"progressToken": token}
        if self.revision == MODERN:
            meta[PREFIX + "protocolVersion"] = MODERN
            meta[PREFIX + "clientCapabilities"] = self.capabilities if capabilities is None else capabilities
            meta[PREFIX + "clientInfo"] = {"name": "wire", "version": "1"}
        return {"_meta": meta} if meta else {}

    def begin(self, method, params=None, id=None, token=None, plain=False, capabilities=None):
        """Sends a request; its id."""
        if id is None:
            self.number += 1
            id = self.number
        key = json.dumps(id)
        message = {"jsonrpc": "2.0", "id": id, "method": method}
        params = dict(params or {}) if plain else {**(params or {}), **self.meta(token, capabilities)}
        if params or not plain:
            message["params"] = params
        with self.news:
            self.asked[key] = method
            if token is not None:
                self.tokens[json.dumps(token)] = {"id": key, "steps": [], "words": [], "over": False}
        self.send(message)
        return id

    def answer(self, id, patience=PATIENCE):
        key = json.dumps(id)
        must(self.wait(lambda: key in self.answered, patience), "no answer to", self.asked[key], key)
        return self.answered[key]

    def ask(self, method, params=None, patience=PATIENCE, **more):
        """A result; what is refused is wrong."""
        answer = self.answer(self.begin(method, params, **more), patience)
        must("result" in answer, method, "was refused:", answer)
        return answer["result"]

    def refused(self, code, method, params=None, **more):
        answer = self.answer(self.begin(method, params, **more))
        must(answer.get("error", {}).get("code") == code, method, f"should be refused with {code}:", answer)
        return answer["error"]

    def tell(self, method, params=None):
        self.send({"jsonrpc": "2.0", "method": method, **({"params": params} if params is not None else {})})

    def wait(self, condition, patience=PATIENCE):
        with self.news:
            return self.news.wait_for(lambda: condition() or self.ended, patience) and condition()

    def lives(self):
        """And has said nothing that nobody asked for: its words come in order."""
        method = "tools/list" if self.revision == MODERN else "ping"
        self.ask(method)
        must(not self.faults, "; ".join(self.faults[:5]))

    def call(self, command, **more):
        return self.ask("tools/call", {"name": "execute_command", "arguments": {"command": command}}, patience=60, **more)


def text(result):
    return "\n".join(it.get("text", "") for it in result["content"])


CHECKS = {}


def check(calls=False):
    def register(function):
        if not (calls and given.no_calls):
            CHECKS[function.__name__.replace("_", "-")] = function
        return function
    return register


# MARK: what every revision has

def catalogue(peer):
    tools = peer.ask("tools/list")["tools"]
    names = [it["name"] for it in tools]
    must(len(names) == len(set(names)) and names, names)
    must(all(1 <= len(it) <= 40 and all(c.isascii() and (c.isalnum() or c in "_-.") for c in it) for it in names), names)
    must(names == [it["name"] for it in peer.ask("tools/list")["tools"]], "the order changes")
    for tool in tools:
        for schema in filter(None, [tool["inputSchema"], tool.get("outputSchema")]):
            Draft202012Validator.check_schema(schema)
            must(schema["type"] == "object", tool["name"])
    for method in ["resources/list", "resources/templates/list", "prompts/list"]:
        peer.ask(method)
        peer.refused(-32602, method, {"cursor": "no-such-page"})
    peer.refused(-32602, "tools/list", {"cursor": "no-such-page"})
    peer.refused(-32601, "no/such/method")
    peer.refused(-32602, "tools/call", {"name": "no_such_tool", "arguments": {}})
    peer.refused(-32602, "tools/call", {"arguments": {}})
    peer.refused(-32602, "tools/call", {"name": 7})
    peer.refused(-32602, "tools/call", {"name": names[0], "arguments": []})
    peer.refused(-32602, "prompts/get", {"name": "no_such_prompt"})
    for prompt in peer.ask("prompts/list")["prompts"]:
        arguments = {it["name"]: "box" for it in prompt.get("arguments", [])}
        must(peer.ask("prompts/get", {"name": prompt["name"], "arguments": arguments})["messages"], prompt)
    return tools


@check()
def handshake():
    for revision in HANDSHAKES:
        with Peer(revision) as peer:
            must(peer.card["protocolVersion"] == revision, revision, "was answered with", peer.card["protocolVersion"])
            must(peer.ask("ping") == {}, "ping")
            catalogue(peer)


@check()
def discovery():
    with Peer(MODERN) as peer:
        found = peer.ask("server/discover", patience=1)
        must(MODERN in found["supportedVersions"], found)
        catalogue(peer)
        for method in ["ping", "logging/setLevel", "resources/subscribe"]:
            peer.refused(-32601, method)
        must("error" in peer.answer(peer.begin("initialize")), "a handshake in the middle")
    return found["supportedVersions"]


@check()
def unknown_revision():
    """The newest that has a handshake is offered instead."""
    with Peer(shakes=False) as peer:
        card = peer.ask("initialize", {
            "protocolVersion": "1999-01-01", "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}})
        must(card["protocolVersion"] == LATEST, card)
    with Peer(MODERN) as peer:
        meta = peer.meta()["_meta"]
        error = peer.refused(-32022, "tools/list", {"_meta": {**meta, PREFIX + "protocolVersion": "1900-01-01"}}, plain=True)
        must(MODERN in error["data"]["supported"] and error["data"]["requested"] == "1900-01-01", error)


@check()
def before_the_handshake():
    with Peer(shakes=False) as peer:
        must("error" in peer.answer(peer.begin("tools/list", plain=True)), "tools/list was answered")
        must("error" in peer.answer(peer.begin("tools/call", {"name": "list_dir", "arguments": {}}, plain=True)), "a call")
    with Peer(MODERN) as peer:
        meta = peer.meta()["_meta"]
        for name in ["protocolVersion", "clientCapabilities"]:
            part = {key: value for key, value in meta.items() if key != PREFIX + name}
            # Without a revision nobody knows which era is meant: any refusal will do.
            answer = peer.answer(peer.begin("tools/list", {"_meta": part}, plain=True))
            wanted = [-32602] if name == "clientCapabilities" else [-32600, -32602]
            must(answer.get("error", {}).get("code") in wanted, name, "is missing, and the answer is", answer)


@check()
def no_second_handshake():
    with Peer() as peer:
        answer = peer.answer(peer.begin("initialize", {
            "protocolVersion": LATEST, "capabilities": {}, "clientInfo": {"name": "wire", "version": "1"}}))
        must("error" in answer, answer)
        peer.lives()


# MARK: lines

@check()
def broken_lines():
    lines = [
        (b"{this is no json}", -32700), (b"\xff\xfe\x00", -32700), (b'{"jsonrpc":"2.0","id":1', -32700), (b"7", -32600),
        (b'"text"', -32600), (b"null", -32600), (b"{}", -32600), (b'{"jsonrpc":"1.0","id":"x","method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600), (b'{"jsonrpc":"2.0","id":"y","method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":"z","method":"ping","params":[]}', (-32600, -32602)),
        (b"[" * 100_000, (-32700, -32600)), (b'{"a":' * 10_000, (-32700, -32600)),
    ]
    for line, codes in lines:
        # What has an id may be answered with it.
        with Peer() as peer:
            for id in ["x", "y", "z"]:
                peer.asked[json.dumps(id)] = "ping"
            count = len(peer.heard)
            peer.raw(line + b"\n")
            codes = codes if isinstance(codes, tuple) else (codes,)
            must(peer.wait(lambda: len(peer.heard) > count), "no answer to", repr(line[:60]))
            must(peer.heard[count].get("error", {}).get("code") in codes, repr(line[:60]), "was answered with", peer.heard[count])
            peer.lives()


@check()
def silence():
    """Nobody answers what is no question."""
    with Peer() as peer:
        count = len(peer.heard)
        for method, params in [
            ("notifications/no_such", None), ("notifications/cancelled", {"requestId": 99_999}), ("notifications/cancelled", {}),
            ("notifications/cancelled", {"requestId": "text", "reason": "x"}), ("no_such", {"a": 1}), ("tools/list", {}),
            ("notifications/progress", {"progressToken": 1, "progress": 1}), ("notifications/initialized", None),
        ]:
            peer.tell(method, params)
        peer.send({"jsonrpc": "2.0", "id": 4711, "result": {}})
        peer.send({"jsonrpc": "2.0", "id": "4711", "error": {"code": 1, "message": "x"}})
        peer.raw(b"\n\r\n   \n")
        peer.lives()
        extra = peer.heard[count:-1]
        must(not extra, "it said", extra)


@check()
def batches():
    """2025-03-26 has them; the others may refuse them, and live."""
    for revision in HANDSHAKES:
        with Peer(revision) as peer:
            for id in ["b1", "b2"]:
                peer.asked[json.dumps(id)] = "ping"
            count = len(peer.heard)
            peer.raw(b'[{"jsonrpc":"2.0","id":"b1","method":"ping"},{"jsonrpc":"2.0","id":"b2","method":"ping"}]\n')
            must(peer.wait(lambda: len(peer.heard) > count or peer.faults), revision, "no answer to a batch")
            if revision == "2025-03-26":
                must(peer.wait(lambda: len(peer.heard) >= count + 2 or peer.faults), revision, "not all of a batch was answered")
                must([{it["id"] for it in batch} for batch in peer.batches] == [{"b1", "b2"}], revision, peer.batches)
            else:
                must(peer.heard[count].get("error", {}).get("code") == -32600, revision, peer.heard[count])
            peer.lives()


@check()
def sizes():
    with Peer() as peer:
        filler = {"_meta": {"x": "ä" * 1_000_000}}
        data = json.dumps({"jsonrpc": "2.0", "id": "big", "method": "ping", "params": filler}, ensure_ascii=False).encode() + b"\n"
        peer.asked['"big"'] = "ping"
        for start in range(0, len(data), 99_991):  # cuts characters in two
            peer.raw(data[start:start + 99_991])
        peer.answer("big")
        with_end = {"jsonrpc": "2.0", "id": "cr", "method": "ping"}
        peer.asked['"cr"'] = "ping"
        peer.raw(json.dumps(with_end).encode() + b"\r\n")
        peer.answer("cr")
        peer.lives()


@check()
def ids():
    with Peer() as peer:
        for id in [0, -1, 2**53 - 1, -(2**53) + 1, "", "1", "é😀\u2028\n\"\\", "x" * 200]:
            answer = peer.answer(peer.begin("ping", id=id))
            must(is_same(answer["id"], id), "asked as", id, "answered as", answer["id"])


@check()
def many():
    with Peer() as peer:
        begun = [peer.begin("ping" if number % 2 else "tools/list", id=f"m{number}") for number in range(500)]
        for id in begun:
            peer.answer(id)


@check()
def end_of_input():
    for busy in [False, True]:
        if busy and given.no_calls:
            continue
        peer = Peer()
        with peer:
            if busy:
                peer.begin("tools/call", {"name": "execute_command", "arguments": {"command": "sleep 60"}})
            peer.lives()
            start = time.monotonic()
            peer.process.stdin.close()
            peer.process.wait(10)
            must(time.monotonic() - start < 2, "it ended after", time.monotonic() - start, "s; busy:", busy)
            must(peer.process.returncode == 0, "exit", peer.process.returncode)


@check()
def signals_and_broken_pipes():
    with Peer() as peer:
        peer.lives()
        peer.process.send_signal(signal.SIGTERM)
        must(peer.process.wait(5) is not None, "SIGTERM")
    # Nobody reads: it must neither hang nor crash.
    process = subprocess.Popen(given.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.close()
    for _ in range(3):
        try:
            process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
            process.stdin.flush()
        except BrokenPipeError:
            break
    try:
        process.stdin.close()
    except BrokenPipeError:
        pass
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Wrong("it stays when nobody reads")
    must(process.returncode >= 0, "ended by signal", -process.returncode)


# MARK: calls

@check(calls=True)
def calls():
    (work / "wire.txt").write_text("over the wire äöü\n")
    for revision in HANDSHAKES + [MODERN]:
        with Peer(revision) as peer:
            tools = {it["name"]: it for it in peer.ask("tools/list")["tools"]}
            result = peer.ask("tools/call", {"name": "read_file", "arguments": {"path": str(work / "wire.txt")}}, patience=60)
            must("over the wire äöü" in text(result) and not result.get("isError"), result)
            if "outputSchema" in tools["read_file"]:
                Draft202012Validator(tools["read_file"]["outputSchema"]).validate(result["structuredContent"])
            wrong = peer.ask("tools/call", {"name": "read_file", "arguments": {"definitely": ["wrong"]}})
            must(wrong.get("isError") is True, wrong)
            contents = peer.ask("resources/read", {"uri": f"cmdop://localhost{work}/wire.txt"})["contents"]
            must("over the wire" in contents[0]["text"], contents)
            for uri in ["other://x", "cmdop://localhost/is/not/there", "cmdop://sessions/no-such-one"]:
                peer.refused(-32602 if revision == MODERN else -32002, "resources/read", {"uri": uri})


@check(calls=True)
def progress():
    for revision in ["2024-11-05", LATEST, MODERN]:
        for token in ["t-1", 7]:
            with Peer(revision) as peer:
                result = peer.call("for i in 1 2 3; do echo step-$i; sleep 1; done", token=token)
                must("step-3" in text(result), result)
                known = peer.tokens[json.dumps(token)]
                must(len(known["steps"]) >= 2, "progress was told", len(known["steps"]), "times")
                if revision != "2024-11-05":
                    must(any("step-" in (it or "") for it in known["words"]), known["words"])
                peer.lives()


@check(calls=True)
def cancelled():
    for revision in [LATEST, MODERN]:
        with Peer(revision) as peer:
            mark = work / f"wire-{os.getpid()}-{revision}"
            id = peer.begin("tools/call", {
                "name": "execute_command", "arguments": {"command": f"sleep 300 & echo $! > {mark}; wait"}})
            end = time.monotonic() + PATIENCE
            while not (mark.exists() and mark.read_text().strip()):
                must(time.monotonic() < end, "the command does not run")
                time.sleep(0.05)
            peer.tell("notifications/cancelled", {"requestId": id, "reason": "enough"})
            child = Path("/proc") / mark.read_text().strip()
            end = time.monotonic() + PATIENCE
            while child.exists() and child.joinpath("stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                must(time.monotonic() < end, "the command goes on")
                time.sleep(0.05)
            peer.lives()
            must(json.dumps(id) not in peer.answered, "a cancelled request was answered:", peer.answered.get(json.dumps(id)))


@check(calls=True)
def asked_in_a_request():
    """The gate's question, in revisions in which servers ask."""
    for revision in ["2025-06-18", LATEST]:
        for decision, holds in [("allow once", True), ("deny", False), (None, False)]:
            with Peer(revision, capabilities={"elicitation": {}}) as peer:
                mark = work / f"asked-{os.getpid()}-{time.monotonic_ns()}"
                id = peer.begin("tools/call", {"name": "execute_command", "arguments": {"command": f"touch {mark}"}})

                def questions():
                    return [it for it in peer.heard if it.get("method") == "elicitation/create"]

                must(peer.wait(lambda: questions()), revision, "nobody was asked:", peer.answered.get(json.dumps(id), {}))
                question = questions()[0]
                must(str(mark) in question["params"]["message"], question)
                answer = {"action": "accept", "content": {"decision": decision}} if decision else {"action": "decline"}
                peer.send({"jsonrpc": "2.0", "id": question["id"], "result": answer})
                result = peer.answer(id)["result"]
                must(mark.exists() == holds and result.get("isError", False) != holds, revision, decision, result)


@check(calls=True)
def asked_in_an_answer():
    """The same without a connection to ask over: the call comes back with the answer, under a new id."""
    yes = {"action": "accept", "content": {"decision": "allow once"}}
    with Peer(MODERN, capabilities={"elicitation": {}}) as peer:
        def begin():
            mark = work / f"held-{os.getpid()}-{time.monotonic_ns()}"
            params = {"name": "execute_command", "arguments": {"command": f"touch {mark}"}}
            first = peer.ask("tools/call", params)
            must(first["resultType"] == "input_required" and first.get("requestState"), first)
            for key, request in first["inputRequests"].items():
                must(request["method"] == "elicitation/create" and str(mark) in request["params"]["message"], key, request)
            return mark, params, first

        def again(params, first, answer, **more):
            responses = {key: answer for key in first["inputRequests"]}
            return {**params, "inputResponses": responses, "requestState": first["requestState"], **more}

        mark, params, first = begin()
        must(not mark.exists(), "it was done before the answer")
        result = peer.ask("tools/call", again(params, first, yes))
        must(not result.get("isError") and mark.exists(), result)
        mark.unlink()
        answer = peer.answer(peer.begin("tools/call", again(params, first, yes)))
        must("error" in answer and not mark.exists(), "a state is good twice:", answer)

        mark, params, first = begin()
        result = peer.ask("tools/call", again(params, first, {"action": "decline"}))
        must(result.get("isError") is True and not mark.exists(), result)

        mark, params, first = begin()
        state = first["requestState"]
        for forged in [state[:-1] + ("A" if state[-1] != "A" else "B"), "", "x" * 10_000]:
            must("error" in peer.answer(peer.begin("tools/call", again(params, first, yes, requestState=forged))), "forged")
        other = work / f"other-{os.getpid()}"
        swapped = again({**params, "arguments": {"command": f"touch {other}"}}, first, yes)
        must("error" in peer.answer(peer.begin("tools/call", swapped)), "a state is good for another call")
        must(not mark.exists() and not other.exists(), "a forged state did something")


@check(calls=True)
def asked_nobody():
    """Who cannot show a question is not asked."""
    for revision in ["2025-03-26", LATEST, MODERN]:
        with Peer(revision) as peer:
            mark = work / f"nobody-{os.getpid()}-{revision}"
            result = peer.call(f"touch {mark}")
            must(result.get("isError") is True and not mark.exists(), revision, result)
            must(not [it for it in peer.heard if it.get("method") == "elicitation/create"], "it was asked")


@check()
def listening():
    with Peer(MODERN) as peer:
        id = peer.begin("subscriptions/listen", {"notifications": {"toolsListChanged": True}})

        def first():
            return [it for it in peer.heard if it.get("method") == "notifications/subscriptions/acknowledged"]

        must(peer.wait(lambda: first()), "not acknowledged")
        must(is_same(first()[0]["params"]["_meta"].get(PREFIX + "subscriptionId"), id), first())
        peer.lives()
        peer.tell("notifications/cancelled", {"requestId": id})
        peer.lives()


@check()
def cache_hints():
    with Peer(MODERN) as peer:
        for method in ["tools/list", "resources/list", "resources/templates/list", "prompts/list", "server/discover"]:
            result = peer.ask(method)
            must(result.get("ttlMs", -1) >= 0 and result.get("cacheScope") in ["public", "private"], method, result)
            must(result["_meta"][PREFIX + "serverInfo"]["name"], method)


failures = 0
for name in given.only.split(",") if given.only else CHECKS:
    try:
        info, ok = CHECKS[name](), True
    except Exception as error:
        info, ok = f"{type(error).__name__}: {error}", False
    failures += not ok
    print(json.dumps({"check": name, "ok": ok, "info": str(info or "")[:1000]}, ensure_ascii=False), flush=True)
sys.exit(1 if failures else 0)
