"""Uses an MCP server as foreign clients do, with the libraries of the environment it runs in (mcp 1.x or 2.x, fastmcp 2.x or
4.x), and prints JSON, one line for each check: {"check", "ok", "info"}. The exit code says whether all went well.

    mcp_clients.py [--with mcp|fastmcp] [--era auto|legacy|REVISION] [--work DIR] [--pid-file FILE] [--only A,B] [--skip A,B]
                   (--url URL --token-file FILE | -- COMMAND WORD…)

--work: a directory for the files of the checks. --pid-file: of the daemon behind the server; it is killed in the middle of a call.
The gate must ask about commands that begin with touch, and let everything else pass.
"""
import argparse
import contextlib
import importlib.metadata
import json
import logging
import os
import re
import signal
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")

import anyio
import jsonschema
import mcp
from mcp import StdioServerParameters
from mcp.client.stdio import stdio_client

MODERN = int(importlib.metadata.version("mcp").split(".")[0]) >= 2
if MODERN:
    from mcp_types import ElicitResult
else:
    from mcp import types
    from mcp.types import ElicitResult

given = argparse.ArgumentParser()
given.add_argument("--with", dest="library", default="mcp", choices=["mcp", "fastmcp"])
given.add_argument("--era", default="auto")
given.add_argument("--work", default=".")
given.add_argument("--pid-file")
given.add_argument("--only", default="")
given.add_argument("--skip", default="")
given.add_argument("--url")
given.add_argument("--token-file")
given.add_argument("command", nargs="*")
given = given.parse_args()
work = Path(given.work).resolve()
failures = 0


def plain(value):
    """Models of both generations as the wire has them."""
    if isinstance(value, list):
        return [plain(it) for it in value]
    return value.model_dump(by_alias=True, mode="json", exclude_none=True) if hasattr(value, "model_dump") else value


def headers():
    return {"Authorization": "Bearer " + Path(given.token_file).read_text().strip()} if given.token_file else {}


def program():
    return {"command": given.command[0], "args": given.command[1:], "env": dict(os.environ)}


class Client:
    """The same few words for each library."""

    def __init__(self, elicit=None):
        self.elicit = elicit
        self.stack = contextlib.AsyncExitStack()

    async def __aenter__(self):
        await self.stack.__aenter__()
        await (self.open_fastmcp() if given.library == "fastmcp" else self.open_mcp())
        return self

    async def __aexit__(self, *what):
        return await self.stack.__aexit__(*what)

    async def open_mcp(self):
        async def answer(context, params):
            return self.elicit(params.message)

        callback = answer if self.elicit else None
        if MODERN:
            if given.url:
                import httpx2
                from mcp.client.streamable_http import streamable_http_client
                http = await self.stack.enter_async_context(httpx2.AsyncClient(headers=headers(), timeout=120))
                server = streamable_http_client(given.url, http_client=http)
            else:
                server = StdioServerParameters(**program())
            client = mcp.Client(server, mode=given.era, elicitation_callback=callback, client_info=ME)
            self.own = await self.stack.enter_async_context(client)
            self.revision, self.server = self.own.protocol_version, plain(self.own.server_info)
            self.capabilities = plain(self.own.server_capabilities)
            return
        if given.url:
            from mcp.client.streamable_http import streamablehttp_client
            streams = await self.stack.enter_async_context(streamablehttp_client(given.url, headers=headers()))
        else:
            streams = await self.stack.enter_async_context(stdio_client(StdioServerParameters(**program())))
        session = mcp.ClientSession(streams[0], streams[1], elicitation_callback=callback, client_info=ME)
        self.own = await self.stack.enter_async_context(session)
        card = await self.own.initialize()
        self.revision, self.server, self.capabilities = card.protocolVersion, plain(card.serverInfo), plain(card.capabilities)

    async def open_fastmcp(self):
        from fastmcp import Client as FastClient
        from fastmcp.client.elicitation import ElicitResult as FastResult
        from fastmcp.client.transports import StdioTransport, StreamableHttpTransport

        async def answer(message, kind, params, context):
            said = self.elicit(message)
            return FastResult(action=said.action, content=said.content)

        if given.url:
            transport = StreamableHttpTransport(given.url, headers=headers())
        else:
            transport = StdioTransport(**program(), keep_alive=False)
        more = {"mode": given.era} if MODERN else {}
        client = FastClient(transport, elicitation_handler=answer if self.elicit else None, client_info=ME, **more)
        self.own = await self.stack.enter_async_context(client)
        card = self.own.initialize_result
        if card is not None:
            card = plain(card)
            self.revision, self.server, self.capabilities = card["protocolVersion"], card["serverInfo"], card["capabilities"]
        else:
            self.revision = self.own.session.protocol_version
            self.server = plain(self.own.session.server_info)
            self.capabilities = plain(self.own.session.server_capabilities)

    async def listing(self, what):
        result = plain(await getattr(self.own, "list_" + what)())
        if isinstance(result, list):
            return result
        return next(value for value in result.values() if isinstance(value, list))

    async def call(self, name, arguments, progress=None):
        if given.library == "fastmcp":
            return plain(await self.own.call_tool_mcp(name, arguments, progress_handler=progress))
        return plain(await self.own.call_tool(name, arguments, progress_callback=progress))

    async def read(self, uri):
        if given.library == "mcp" and not MODERN:
            from pydantic import AnyUrl
            uri = AnyUrl(uri)
        result = plain(await self.own.read_resource(uri))
        return result if isinstance(result, list) else result["contents"]

    async def prompt(self, name, arguments):
        return plain(await self.own.get_prompt(name, arguments))

    async def cancelled(self, name, arguments, when):
        """Calls, and takes the call back as soon as `when` returns."""
        async with anyio.create_task_group() as group:
            async def run():
                await self.call(name, arguments)
            group.start_soon(run)
            await when()
            if not MODERN:
                # This generation gives a call up without a word.
                session = self.own.session if given.library == "fastmcp" else self.own
                number = session._request_id - 1
                await session.send_notification(types.ClientNotification(types.CancelledNotification(
                    method="notifications/cancelled", params=types.CancelledNotificationParams(requestId=number))))
            group.cancel_scope.cancel()


if MODERN:
    from mcp_types import Implementation
    ME = Implementation(name="foreign", version="1.0")
else:
    ME = types.Implementation(name="foreign", version="1.0")


class Unexpected(Exception):
    pass


def must(holds, *info):
    if not holds:
        raise Unexpected(" ".join(str(it)[:400] for it in info))


def text(result):
    return "\n".join(it.get("text", "") for it in result.get("content", []))


async def until(what, condition, seconds=15):
    end = time.monotonic() + seconds
    while not condition():
        must(time.monotonic() < end, "still not so:", what)
        await anyio.sleep(0.05)


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        if not Path("/proc/self").exists():  # no Linux
            return os.system(f"kill -0 {pid} 2>/dev/null") == 0
        return False


CHECKS = {}


def check(function):
    CHECKS[function.__name__.replace("_", "-")] = function
    return function


async def valid(client, name, result):
    """What the tool says as data is what it has promised."""
    must(not result.get("isError"), name, "failed:", text(result))
    tools = {it["name"]: it for it in await client.listing("tools")}
    schema = tools[name].get("outputSchema")
    if schema:
        must("structuredContent" in result, name, "has an output schema and answers without data")
        jsonschema.Draft202012Validator(schema).validate(result["structuredContent"])
    return result


@check
async def connect(client):
    """The era that was wanted, and who answers."""
    wanted = given.era if re.match(r"\d{4}-", given.era) else "2026-07-28" if MODERN and given.era == "auto" else "2025-11-25"
    must(client.revision == wanted, "revision", client.revision, "instead of", wanted)
    must(client.server and client.server.get("name"), "no name:", client.server)
    must("tools" in client.capabilities, "no tools:", client.capabilities)
    return f"{client.server['name']} {client.server.get('version')} {client.revision}"


@check
async def tools(client):
    listed = await client.listing("tools")
    names = [it["name"] for it in listed]
    missing = {"execute_command", "read_file", "list_machines"} - set(names)
    must(not missing, "missing:", sorted(missing), "there are", names)
    must(names == [it["name"] for it in await client.listing("tools")], "the order changes")
    for tool in listed:
        for schema in [tool["inputSchema"], tool.get("outputSchema", {"type": "object"})]:
            jsonschema.Draft202012Validator.check_schema(schema)
            must(schema.get("type") == "object", tool["name"], "has a schema that is no object")
        must(tool.get("description") and "annotations" in tool, tool["name"], "has no description or annotations")
        must(len(tool["name"]) <= 40, tool["name"], "is too long for hosts that put the server's name before it")
    return f"{len(names)} tools"


@check
async def read_file(client):
    (work / "hello.txt").write_text("first\nsecond äöü 😀\n")
    result = await valid(client, "read_file", await client.call("read_file", {"path": str(work / "hello.txt")}))
    must("second äöü 😀" in text(result), result)


@check
async def execute_command(client):
    result = await valid(client, "execute_command", await client.call("execute_command", {"command": "echo out-$((40+2))"}))
    must("out-42" in text(result) and result["structuredContent"]["exit_code"] == 0, result)
    failed = await client.call("execute_command", {"command": "echo out-$((40+2)); exit 3"})
    must(failed.get("isError") is True and "out-42" in text(failed) and "exit code 3" in text(failed), failed)
    must(failed["structuredContent"]["exit_code"] == 3, failed)


@check
async def list_machines(client):
    result = await valid(client, "list_machines", await client.call("list_machines", {}))
    must(result["structuredContent"]["machines"], result)


@check
async def through_the_relay(client):
    """What names its machine goes there, this machine or another one."""
    machines = (await client.call("list_machines", {}))["structuredContent"]["machines"]
    host = machines[0]["hostname"]
    arguments = {"command": "echo far-$((40+2))", "machine": host}
    result = await valid(client, "execute_command", await client.call("execute_command", arguments))
    must("far-42" in text(result) and result["structuredContent"]["machine"] == host, result)
    wrong = await client.call("execute_command", {"command": "true", "machine": "no-such-machine"})
    must(wrong.get("isError") is True and "no-such-machine" in text(wrong), wrong)


@check
async def wrong_arguments(client):
    """The model reads what was wrong."""
    result = await client.call("execute_command", {"no_such_argument": 1})
    must(result.get("isError") is True and "command" in text(result), result)


@check
async def unknown_tool(client):
    try:
        result = await client.call("no_such_tool", {})
    except Exception as error:
        must("no_such_tool" in str(error) or "-32602" in str(error), repr(error))
        return
    raise Unexpected("it was answered:", result)


@check
async def missing_file(client):
    result = await client.call("read_file", {"path": str(work / "is-not-there")})
    must(result.get("isError") is True and "is-not-there" in text(result), result)


@check
async def progress(client):
    heard = []

    async def hear(done, total, message):
        heard.append((done, message))

    command = "for i in 1 2 3 4; do echo step-$i; sleep 1; done"
    result = await valid(client, "execute_command", await client.call("execute_command", {"command": command}, hear))
    must("step-4" in text(result), result)
    must(len(heard) >= 2, "progress was told", len(heard), "times")
    must(all(a[0] < b[0] for a, b in zip(heard, heard[1:])), "progress goes back:", heard)
    must(any("step-" in (message or "") for _, message in heard), heard)
    count = len(heard)
    await anyio.sleep(0.5)
    must(len(heard) == count, "progress after the answer")


@check
async def cancel(client):
    """What was begun ends, and the server goes on."""
    mark = work / f"cancel-{os.getpid()}"
    command = f"sleep 300 & echo $! $$ > {mark}; wait"
    await client.cancelled(
        "execute_command", {"command": command},
        lambda: until("the command runs", lambda: mark.exists() and mark.read_text().endswith("\n")))
    pids = mark.read_text().split()
    await until("the command has ended", lambda: not any(lives(pid) for pid in pids))
    must("still" in text(await client.call("execute_command", {"command": "echo still here"})), "no call after it")


@check
async def parallel(client):
    answers = {}

    async def one(number):
        answers[number] = text(await client.call("execute_command", {"command": f"sleep 0.5; echo n-{number}-"}))

    async with anyio.create_task_group() as group:
        for number in range(8):
            group.start_soon(one, number)
    must(all(f"n-{number}-" in answers[number] for number in range(8)), answers)


@check
async def long_output(client):
    result = await valid(client, "execute_command", await client.call("execute_command", {"command": "seq 1 60000"}))
    must(len(text(result)) < 50_000, len(text(result)), "characters")
    must(len(json.dumps(result.get("structuredContent", {}))) < 200_000, "more data than words")


@check
async def resources(client):
    listed = await client.listing("resources")
    must(listed, "no resources")
    templates = await client.listing("resource_templates")
    must(templates and all("{" in it["uriTemplate"] for it in templates), templates)
    for resource in listed:
        contents = await client.read(resource["uri"])
        must(contents and contents[0].get("text") is not None, resource["uri"], contents)
        if contents[0].get("mimeType") == "application/json":
            json.loads(contents[0]["text"])
    return ", ".join(it["uri"] for it in listed)


@check
async def resource_file(client):
    (work / "read me.txt").write_text("as a resource\n")
    path = str(work / "read me.txt").replace(" ", "%20")
    contents = await client.read("cmdop://localhost" + path)
    must("as a resource" in contents[0].get("text", ""), contents)


@check
async def unknown_resource(client):
    try:
        contents = await client.read("cmdop://localhost/is/not/there")
    except Exception:
        return
    raise Unexpected("it was answered:", contents)


@check
async def prompts(client):
    listed = await client.listing("prompts")
    must(listed, "no prompts")
    for prompt in listed:
        arguments = {it["name"]: "box" for it in prompt.get("arguments", []) if it.get("required")}
        got = await client.prompt(prompt["name"], arguments)
        must(got["messages"] and got["messages"][0]["content"]["text"], prompt["name"], got)
    return ", ".join(it["name"] for it in listed)


@check
async def prompt_without_arguments(client):
    needy = [it for it in await client.listing("prompts") if any(a.get("required") for a in it.get("arguments", []))]
    try:
        got = await client.prompt(needy[0]["name"], {})
    except Exception:
        return
    raise Unexpected("it was answered:", got)


@check
async def ask_nobody(_):
    """A question that this client cannot show is a no, and soon."""
    mark = work / f"nobody-{os.getpid()}"
    async with Client() as client:
        start = time.monotonic()
        result = await client.call("execute_command", {"command": f"touch {mark}"})
        must(result.get("isError") is True, result)
        must(not mark.exists() and time.monotonic() - start < 20, "after", time.monotonic() - start)


async def asked(answer):
    heard = []

    def elicit(message):
        heard.append(message)
        return answer

    mark = work / f"asked-{os.getpid()}-{time.monotonic_ns()}"
    async with Client(elicit) as client:
        result = await client.call("execute_command", {"command": f"touch {mark}"})
    must(len(heard) == 1, "asked", len(heard), "times;", result)
    must(f"touch {mark}" in heard[0], heard)
    return result, mark


@check
async def ask_allowed(_):
    result, mark = await asked(ElicitResult(action="accept", content={"decision": "allow once"}))
    must(not result.get("isError") and mark.exists(), result)


@check
async def ask_denied(_):
    for answer in [
        ElicitResult(action="accept", content={"decision": "deny"}), ElicitResult(action="decline"), ElicitResult(action="cancel"),
    ]:
        result, mark = await asked(answer)
        must(result.get("isError") is True and not mark.exists(), answer, result)


@check
async def killed(client):
    """The daemon dies in the middle of a call: the client hears so, and is served again."""
    if not given.pid_file:
        return "skipped: no --pid-file"
    mark = work / f"killed-{os.getpid()}"
    seen = {}

    async def call():
        try:
            seen["result"] = await client.call("execute_command", {"command": f"echo $$ > {mark}; sleep 120"})
        except Exception as error:
            seen["error"] = error
        seen["at"] = time.monotonic()

    async with anyio.create_task_group() as group:
        group.start_soon(call)
        await until("the command runs", mark.exists)
        start = time.monotonic()
        os.kill(int(Path(given.pid_file).read_text().split()[0]), signal.SIGKILL)
    must(seen["at"] - start < 20, "it was told after", seen["at"] - start)
    must("error" not in seen, "a protocol error instead of a result:", repr(seen.get("error")))
    must(seen["result"].get("isError") is True and text(seen["result"]), seen["result"])
    # A call that is on its way while the daemon's last connection dies is lost as well, and is not made again by itself.
    for tries in range(1, 4):
        after = await client.call("execute_command", {"command": "echo back-$((40+2))"})
        if not after.get("isError"):
            break
    must("back-42" in text(after), after)
    return f"{text(seen['result'])}; then served at try {tries}"


async def main():
    global failures
    wanted = given.only.split(",") if given.only else [it for it in CHECKS if it not in given.skip.split(",")]

    def tell(name, ok, info):
        global failures
        failures += not ok
        print(json.dumps({"check": name, "ok": ok, "info": str(info or "")[:1000]}, ensure_ascii=False), flush=True)

    def reason(error):
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        return f"{type(error).__name__}: {error}"

    made = False
    try:
        async with Client() as client:
            for name in wanted:
                try:
                    with anyio.fail_after(90):
                        tell(name, True, await CHECKS[name](client))
                except Exception as error:
                    tell(name, False, reason(error))
            made = True
        tell("leave", True, "")
    except BaseException as error:
        # mcp 1.x trips over a notification that comes while it leaves; nobody is there to hear it any more.
        harmless = made and not MODERN and reason(error).startswith("BrokenResourceError")
        tell("leave", harmless, reason(error))


anyio.run(main)
sys.exit(1 if failures else 0)
