#!/usr/bin/env python3
"""A model server that says what a script tells it, for tests. Standard library only, loopback only.

    model.py SCRIPT.json [--port N] [--log FILE]         prints "port N" and serves until its standard input ends

It speaks Anthropic Messages (/v1/messages), OpenAI Chat Completions (/v1/chat/completions) and OpenAI Responses
(/v1/responses), streaming, and refuses (400) what the real services refuse: open or repeated tool calls, results that answer
nothing, empty blocks, a conversation that begins or ends with the wrong author, sampling parameters, unknown fields, missing
headers. Each refusal is a violation, and stands in the log.

SCRIPT is a list of steps; each request takes the next one, and after the last it answers "(script exhausted)". Or it is an
object {"steps": [...], "by_prompt": {"words": [...]}, "delay": s}: a conversation whose first prompt contains "words" has
steps of its own, so that several conversations do not take each other's. A step that stands alone may be an object.
With "by_turn": true the step is not the next one, but that of the request: as many as the model has answered in it before. So
a request that is sent again, after a crash, is answered as it was.

A step that answers:
    {"text": "…"}                                         words
    {"tools": [{"name": "…", "input": {…}, "id": "…"?}]}  calls, several are parallel; with "text" and "thinking" before them
    {"thinking": "…"}                                     with a signature, which must come back unchanged
    {"stop": "max_tokens" | "pause" | "refusal" | "window"}   instead of the usual reason
    {"usage": {"input": n, "output": n, "cached": n}} | {"usage": null}   null: as local servers that count nothing
    {"echo": true}                                        says what the last result or prompt was: lets a test see it
    {"expect": "words"}                                   a violation if the request does not contain them
    {"delay": s, "pace": s}                               before the answer; between its events
    "@clock@" in the text becomes the time at which that piece leaves, in ms since 1970
Faults:
    {"http": 429|529|500|400|413|…, "retry_after": s, "should_retry": bool, "location": "…", "body": {…},
     "times": n}                                          n times, then the next
    {"fault": "drop" | "error" | "stall" | "end", "after": n}   after n events: connection cut, error event, silence
                                                          ("seconds", 30), a stream that ends too early
    {"fault": "bad_json"}                                 arguments of the calls are no JSON; "raw": "…" says what they are
    {"fault": "cut_call"}                                 the last call ends in the middle, stop is max_tokens
    {"fault": "not_json" | "html" | "empty" | "endless"}  an event that is no JSON, a page, nothing, an answer without end
    {"cut": n | "bytes" | "crlf"}                         where the stream is cut into pieces: every n bytes, each byte, in CRLF
                                                          (usual: in the middle of each event)
    {"quirks": ["no_id", "no_usage", "whole_arguments", "stop_finish", "same_index", "no_done", "no_finish", "lf"]}
                                                          the ways of local servers

GET /_log  {"requests", "steps_left", "violations": [...], "log": [{"api", "time", "body", "headers", "violations"}]}
POST /_script  a new script, the log is emptied.          GET /_wait?n=5&s=10  returns when n requests have come, or 408
All of this also below /s/NAME (base address http://127.0.0.1:PORT/s/NAME): scripts of their own for many tests at once.
"""
import argparse
import http.server
import json
import sys
import threading
import time
import urllib.parse

SIGNATURE = "c2lnbmF0dXJlOg=="
TOP = {
    "anthropic": {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "stop_sequences", "stream",
                  "thinking", "output_config", "metadata", "cache_control", "service_tier"},
    "chat": {"model", "messages", "tools", "tool_choice", "parallel_tool_calls", "stream", "stream_options",
             "max_completion_tokens", "reasoning_effort", "response_format", "stop", "user", "metadata", "store",
             "prompt_cache_key", "service_tier"},
    "responses": {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "stream", "store",
                  "include", "max_output_tokens", "reasoning", "metadata", "previous_response_id", "text", "truncation",
                  "user", "prompt_cache_key", "service_tier"},
}
SAMPLING = {"temperature", "top_p", "top_k"}
NAME = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def is_name(text, most):
    return isinstance(text, str) and 0 < len(text) <= most and set(text) <= NAME


def fields(where, thing, needed, allowed, faults):
    """A dict with just these fields."""
    if not isinstance(thing, dict):
        faults.append(f"{where}: must be an object")
        return False
    faults += [f"{where}.{name}: is missing" for name in needed if name not in thing]
    faults += [f"{where}.{name}: is unknown" for name in thing if name not in needed and name not in allowed]
    return all(name in thing for name in needed)


# ---- what the services refuse -------------------------------------------------------------------------------------------

def check_anthropic(body, headers):
    faults = []
    if not headers.get("x-api-key") and not headers.get("authorization"):
        faults.append("no x-api-key and no authorization")
    if headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
        faults.append("anthropic-version is missing or unknown")
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        faults.append("max_tokens: must be a positive integer")
    marks = 0
    system = body.get("system")
    for block in system if isinstance(system, list) else []:
        fields("system", block, {"type", "text"}, {"cache_control"}, faults)
        if not block.get("text"):
            faults.append("system: text must not be empty")
        marks += "cache_control" in block
    names = []
    for tool in body.get("tools") or []:
        fields("tools", tool, {"name", "input_schema"}, {"description", "cache_control", "type", "strict"}, faults)
        marks += "cache_control" in tool
        names.append(tool.get("name"))
        if not is_name(tool.get("name"), 128):
            faults.append(f"tools: {tool.get('name')!r} is no name")
        if (tool.get("input_schema") or {}).get("type") != "object":
            faults.append(f"tools.{tool.get('name')}: input_schema must be of type object")
    if len(set(names)) != len(names):
        faults.append("tools: names must be unique")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return faults + ["messages: must not be empty"]
    if messages[0].get("role") != "user":
        faults.append("messages.0: the first message must be a user's")
    if messages[-1].get("role") == "assistant":
        faults.append("messages: must not end with the assistant")
    open_calls, all_calls, before = [], set(), None
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        if not fields(where, message, {"role", "content"}, set(), faults):
            continue
        role, content = message["role"], message["content"]
        if role not in ("user", "assistant"):
            faults.append(f"{where}.role: {role!r}")
        if role == before:
            faults.append(f"{where}: two messages of {role} in a row")
        before = role
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(blocks, list) or not blocks:
            faults.append(f"{where}: content must not be empty")
            continue
        calls, results, other = [], [], False
        for block in blocks:
            kind = block.get("type") if isinstance(block, dict) else None
            marks += isinstance(block, dict) and "cache_control" in block
            if kind == "text":
                fields(where, block, {"type", "text"}, {"cache_control", "citations"}, faults)
                if not str(block.get("text", "")).strip():
                    faults.append(f"{where}: text must have something in it")
                other = True
            elif kind == "thinking" and role == "assistant":
                fields(where, block, {"type", "thinking", "signature"}, set(), faults)
                if block.get("signature") != SIGNATURE:
                    faults.append(f"{where}: the signature of a thought has changed")
            elif kind == "redacted_thinking" and role == "assistant":
                fields(where, block, {"type", "data"}, set(), faults)
            elif kind == "tool_use" and role == "assistant":
                fields(where, block, {"type", "id", "name", "input"}, {"cache_control"}, faults)
                if not is_name(block.get("id"), 64):
                    faults.append(f"{where}: {block.get('id')!r} is no id")
                if not is_name(block.get("name"), 128):
                    faults.append(f"{where}: {block.get('name')!r} is no name of a tool")
                if not isinstance(block.get("input"), dict):
                    faults.append(f"{where}: input must be an object")
                calls.append(block.get("id"))
            elif kind == "tool_result" and role == "user":
                fields(where, block, {"type", "tool_use_id"}, {"content", "is_error", "cache_control"}, faults)
                if other:
                    faults.append(f"{where}: results must come first")
                results.append(block.get("tool_use_id"))
            elif kind == "image" and role == "user":
                other = True
            else:
                faults.append(f"{where}: a block of type {kind!r} in a message of {role}")
        if blocks and isinstance(blocks[-1], dict) and blocks[-1].get("type") == "thinking":
            faults.append(f"{where}: must not end with a thought")
        if set(results) != set(open_calls) or len(results) != len(open_calls):
            faults.append(f"{where}: results {results} do not answer the calls {open_calls}")
        if results and results != open_calls:
            faults.append(f"{where}: results are not in the order of the calls")
        if len(set(calls)) != len(calls) or set(calls) & all_calls:
            faults.append(f"{where}: an id of a call is used twice")
        all_calls |= set(calls)
        open_calls = calls
    if open_calls:
        faults.append(f"messages: calls without results: {open_calls}")
    if marks > 4:
        faults.append(f"{marks} cache_control marks, at most 4")
    if all_calls and not body.get("tools"):
        faults.append("tools: must be given where there are calls")
    return faults


def check_functions(where, tools, faults):
    names = []
    for tool in tools:
        if not fields(where, tool, {"name", "parameters"}, {"type", "description", "strict"}, faults):
            continue
        names.append(tool["name"])
        if not is_name(tool["name"], 64):
            faults.append(f"{where}: {tool['name']!r} is no name")
        if tool["parameters"].get("type") != "object":
            faults.append(f"{where}.{tool['name']}: parameters must be of type object")
    if len(set(names)) != len(names):
        faults.append(f"{where}: names must be unique")


def is_json_object(text):
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError):
        return False


def check_chat(body, headers):
    faults = []
    if not (headers.get("authorization") or "").startswith("Bearer "):
        faults.append("no bearer token")
    check_functions("tools", [t.get("function") for t in body.get("tools") or []], faults)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return faults + ["messages: must not be empty"]
    open_calls, all_calls, said = [], set(), False
    for at, message in enumerate(messages):
        where = f"messages.{at}"
        role = message.get("role")
        if role == "tool":
            fields(where, message, {"role", "tool_call_id", "content"}, set(), faults)
            if open_calls and message.get("tool_call_id") == open_calls[0]:
                open_calls.pop(0)
            else:
                faults.append(f"{where}: answers {message.get('tool_call_id')!r}, open are {open_calls}")
            continue
        if open_calls:
            faults.append(f"{where}: calls without results: {open_calls}")
            open_calls = []
        if role in ("user", "system", "developer"):
            fields(where, message, {"role", "content"}, {"name"}, faults)
            if not message.get("content"):
                faults.append(f"{where}: content must not be empty")
            said = said or role == "user"
        elif role == "assistant":
            fields(where, message, {"role"}, {"content", "tool_calls", "refusal", "name"}, faults)
            if not said:
                faults.append(f"{where}: the assistant speaks first")
            if not message.get("content") and not message.get("tool_calls"):
                faults.append(f"{where}: neither content nor calls")
            for call in message.get("tool_calls") or []:
                fields(where, call, {"id", "type", "function"}, set(), faults)
                if not is_name(call.get("id"), 64) or call["id"] in all_calls:
                    faults.append(f"{where}: the id {call.get('id')!r} is none, or used twice")
                if not is_name(call["function"].get("name"), 64):
                    faults.append(f"{where}: {call['function'].get('name')!r} is no name")
                if not is_json_object(call["function"].get("arguments")):
                    faults.append(f"{where}: arguments are no JSON object in a string")
                all_calls.add(call.get("id"))
                open_calls.append(call.get("id"))
        else:
            faults.append(f"{where}.role: {role!r}")
    if open_calls:
        faults.append(f"messages: calls without results: {open_calls}")
    if messages[-1].get("role") == "assistant":
        faults.append("messages: must not end with the assistant")
    return faults


def check_responses(body, headers):
    faults = []
    if not (headers.get("authorization") or "").startswith("Bearer "):
        faults.append("no bearer token")
    for tool in body.get("tools") or []:
        if tool.get("type") != "function":
            faults.append(f"tools: type {tool.get('type')!r}")
    check_functions("tools", body.get("tools") or [], faults)
    items = body.get("input")
    if isinstance(items, str):
        items = [{"role": "user", "content": items}]
    if not isinstance(items, list) or not items:
        return faults + ["input: must not be empty"]
    calls, outputs, thought, last = [], [], False, None
    for at, item in enumerate(items):
        where = f"input.{at}"
        kind = item.get("type", "message")
        if thought and not (kind in ("function_call", "reasoning") or item.get("role") == "assistant"):
            faults.append(f"{where}: a reasoning item without what follows it")
        thought = kind == "reasoning"
        last = item.get("role") or kind
        if kind == "message":
            fields(where, item, {"role", "content"}, {"type", "id", "status"}, faults)
            content = item.get("content")
            if not content or (isinstance(content, str) and not content.strip()):
                faults.append(f"{where}: content must not be empty")
            wanted = "output_text" if item.get("role") == "assistant" else "input_text"
            for part in content if isinstance(content, list) else []:
                if part.get("type") == wanted and not part.get("text"):
                    faults.append(f"{where}: text must not be empty")
                if part.get("type") not in (wanted, "input_image"):
                    faults.append(f"{where}: a part of type {part.get('type')!r}")
        elif kind == "function_call":
            fields(where, item, {"type", "call_id", "name", "arguments"}, {"id", "status"}, faults)
            if not is_name(item.get("call_id"), 64) or item["call_id"] in calls:
                faults.append(f"{where}: the call_id {item.get('call_id')!r} is none, or used twice")
            if not is_name(item.get("name"), 64):
                faults.append(f"{where}: {item.get('name')!r} is no name")
            if not is_json_object(item.get("arguments")):
                faults.append(f"{where}: arguments are no JSON object in a string")
            calls.append(item.get("call_id"))
        elif kind == "function_call_output":
            fields(where, item, {"type", "call_id", "output"}, {"id", "status"}, faults)
            if item.get("call_id") not in calls or item.get("call_id") in outputs:
                faults.append(f"{where}: answers {item.get('call_id')!r}, which is no open call")
            outputs.append(item.get("call_id"))
        elif kind == "reasoning":
            fields(where, item, {"type", "id", "summary"}, {"encrypted_content", "content"}, faults)
            if item.get("encrypted_content") != SIGNATURE:
                faults.append(f"{where}: the seal of a reasoning item has changed")
        else:
            faults.append(f"{where}: type {kind!r}")
    if thought:
        faults.append("input: a reasoning item without what follows it")
    if set(calls) - set(outputs):
        faults.append(f"input: calls without output: {sorted(set(calls) - set(outputs))}")
    if last == "assistant":
        faults.append("input: must not end with the assistant")
    return faults


def check(api, body, headers):
    if not isinstance(body, dict):
        return ["the body is no object"]
    faults = [f"{name}: is unknown" for name in body if name not in TOP[api] and name not in SAMPLING]
    faults += [f"{name}: sampling parameters are not accepted" for name in SAMPLING if name in body]
    if not isinstance(body.get("model"), str) or not body["model"]:
        faults.append("model: is missing")
    if not body.get("stream"):
        faults.append("stream: this server only streams")
    if headers.get("content-type", "").split(";")[0] != "application/json":
        faults.append("content-type must be application/json")
    try:
        return faults + {"anthropic": check_anthropic, "chat": check_chat, "responses": check_responses}[api](body, headers)
    except (AttributeError, KeyError, TypeError) as error:
        return faults + [f"the shape is wrong: {error!r}"]


# ---- what was asked -----------------------------------------------------------------------------------------------------

def texts(api, body):
    """All that people and tools have said, in order."""
    found = []
    for item in (body.get("input") if api == "responses" else body.get("messages")) or []:
        if not isinstance(item, dict) or item.get("role") in ("assistant", "system", "developer"):
            continue
        content = item.get("output", item.get("content"))
        for block in content if isinstance(content, list) else [content]:
            if isinstance(block, dict):
                block = block.get("text", block.get("content"))
            if isinstance(block, str):
                found.append(block)
    return found


def answers(api, body):
    """How often the model has spoken in it."""
    if api == "responses":
        ours = [item.get("type") in ("function_call", "reasoning") or item.get("role") == "assistant" for item in body["input"]]
        return sum(now and not before for before, now in zip([False] + ours, ours))
    return sum(message.get("role") == "assistant" for message in body["messages"])


# ---- what is answered ---------------------------------------------------------------------------------------------------

def pieces(text, size=7):
    return [text[at:at + size] for at in range(0, len(text), size)]


class Answer:
    """A step, as the events of an API."""

    def __init__(self, step, number, body):
        self.step, self.number, self.model = step, number, body.get("model", "")
        self.quirks = set(step.get("quirks") or [])
        self.text, self.thinking = step.get("text") or "", step.get("thinking") or ""
        self.calls = []
        tools = step.get("tools") or []
        for at, tool in enumerate(tools):
            arguments = json.dumps(tool.get("input", {}), ensure_ascii=False)
            if step.get("fault") == "bad_json":
                arguments = step.get("raw", '{"broken": ')
            if step.get("fault") == "cut_call" and at == len(tools) - 1:
                arguments = arguments[:len(arguments) // 2]
            self.calls.append((tool.get("id") or f"call_{number}_{at}", tool["name"], arguments))
        usage = step.get("usage", {})
        self.usage = None if usage is None or "no_usage" in self.quirks else {
            "input": usage.get("input", 100), "output": usage.get("output", 20), "cached": usage.get("cached", 50)}
        self.stop = "max_tokens" if step.get("fault") == "cut_call" else step.get("stop")

    def anthropic(self):
        stop = {"pause": "pause_turn", "window": "model_context_window_exceeded"}.get(self.stop, self.stop)
        stop = stop or ("tool_use" if self.calls and "stop_finish" not in self.quirks else "end_turn")
        usage = self.usage or {"input": 0, "output": 0, "cached": 0}
        counted = {"input_tokens": usage["input"], "cache_creation_input_tokens": 0,
                   "cache_read_input_tokens": usage["cached"], "output_tokens": 1}
        events = [("message_start", {"message": {
            "id": f"msg_{self.number}", "type": "message", "role": "assistant", "model": self.model, "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": counted}}), ("ping", {})]
        at = 0

        def block(start, deltas):
            nonlocal at
            events.append(("content_block_start", {"index": at, "content_block": start}))
            events.extend(("content_block_delta", {"index": at, "delta": delta}) for delta in deltas)
            events.append(("content_block_stop", {"index": at}))
            at += 1

        if self.thinking:
            block({"type": "thinking", "thinking": "", "signature": ""},
                  [{"type": "thinking_delta", "thinking": piece} for piece in pieces(self.thinking)]
                  + [{"type": "signature_delta", "signature": SIGNATURE}])
        if self.text:
            block({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(self.text)])
        for id, name, arguments in self.calls:
            parts = [arguments] if "whole_arguments" in self.quirks else [""] + pieces(arguments)
            block({"type": "tool_use", "id": id, "name": name, "input": {}},
                  [{"type": "input_json_delta", "partial_json": piece} for piece in parts])
        events.append(("message_delta", {"delta": {"stop_reason": stop, "stop_sequence": None},
                                         "usage": {"output_tokens": usage["output"]}}))
        events.append(("event_of_the_future", {"surprise": True}))
        events.append(("message_stop", {}))
        return [(name, {"type": name, **data}) for name, data in events]

    def chat(self):
        finish = {"max_tokens": "length", "refusal": "content_filter", "pause": "stop", "window": "length"}.get(self.stop)
        finish = finish or ("tool_calls" if self.calls and "stop_finish" not in self.quirks else "stop")
        base = {"id": f"chatcmpl-{self.number}", "object": "chat.completion.chunk", "created": 1, "model": self.model}
        chunks = [{"role": "assistant", "content": ""}]
        chunks += [{"reasoning_content": piece} for piece in pieces(self.thinking)]
        chunks += [{"content": piece} for piece in pieces(self.text)]
        starts, rests = [], []
        for at, (id, name, arguments) in enumerate(self.calls):
            start = {"index": 0 if "same_index" in self.quirks else at, "type": "function",
                     "function": {"name": name, "arguments": ""}}
            if "no_id" not in self.quirks:
                start["id"] = id
            if "whole_arguments" in self.quirks or "same_index" in self.quirks:
                start["function"]["arguments"] = arguments
            else:
                rests.append([{"index": at, "function": {"arguments": piece}} for piece in pieces(arguments)])
            starts.append(start)
        chunks += [{"tool_calls": [start]} for start in starts]
        # Pieces of several calls come in turn.
        while any(rests):
            for rest in rests:
                if rest:
                    chunks.append({"tool_calls": [rest.pop(0)]})
        events = [{**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in chunks]
        if "no_finish" not in self.quirks:
            events.append({**base, "choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        if self.usage:
            events.append({**base, "choices": [], "usage": {
                "prompt_tokens": self.usage["input"] + self.usage["cached"], "completion_tokens": self.usage["output"],
                "total_tokens": sum(self.usage.values()),
                "prompt_tokens_details": {"cached_tokens": self.usage["cached"]}}})
        return [("", event) for event in events]

    def responses(self):
        items = []
        if self.thinking:
            items.append({"id": f"rs_{self.number}", "type": "reasoning", "summary": [], "status": None,
                          "encrypted_content": SIGNATURE})
        if self.text:
            items.append({"id": f"msg_{self.number}", "type": "message", "role": "assistant", "status": "completed",
                          "content": [{"type": "output_text", "text": self.text, "annotations": []}]})
        items += [{"id": f"fc_{id}", "type": "function_call", "call_id": id, "name": name, "arguments": arguments,
                   "status": "completed"} for id, name, arguments in self.calls]
        reason = {"max_tokens": "max_output_tokens", "refusal": "content_filter", "window": "max_output_tokens"}.get(self.stop)
        response = {"id": f"resp_{self.number}", "object": "response", "created_at": 1, "model": self.model,
                    "status": "incomplete" if reason else "completed",
                    "incomplete_details": {"reason": reason} if reason else None, "output": items, "usage": None}
        if self.usage:
            response["usage"] = {
                "input_tokens": self.usage["input"] + self.usage["cached"], "output_tokens": self.usage["output"],
                "input_tokens_details": {"cached_tokens": self.usage["cached"]},
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": sum(self.usage.values())}
        events = [("response.created", {"response": {**response, "status": "in_progress", "output": [], "usage": None}})]
        queues = []
        for at, item in enumerate(items):
            where = {"item_id": item["id"], "output_index": at}
            if item["type"] == "message":
                queue = [("response.output_item.added", {"output_index": at, "item": {**item, "content": []}}),
                         ("response.content_part.added", {**where, "content_index": 0, "part": {"type": "output_text"}})]
                queue += [("response.output_text.delta", {**where, "content_index": 0, "delta": piece}) for piece in pieces(self.text)]
                queue.append(("response.output_text.done", {**where, "content_index": 0, "text": self.text}))
            elif item["type"] == "function_call":
                queue = [("response.output_item.added", {"output_index": at, "item": {**item, "arguments": ""}})]
                queue += [("response.function_call_arguments.delta", {**where, "delta": piece}) for piece in pieces(item["arguments"])]
                queue.append(("response.function_call_arguments.done", {**where, "arguments": item["arguments"]}))
            else:
                queue = [("response.output_item.added", {"output_index": at, "item": item})]
                queue += [("response.reasoning_summary_text.delta", {**where, "summary_index": 0, "delta": piece}) for piece in pieces(self.thinking)]
            queue.append(("response.output_item.done", {"output_index": at, "item": item}))
            queues.append(queue)
        # Items may be interleaved.
        while any(queues):
            for queue in queues:
                if queue:
                    events.append(queue.pop(0))
        events.append((f"response.{response['status']}", {"response": response}))
        return [(name, {"type": name, "sequence_number": at, **data}) for at, (name, data) in enumerate(events)]


class Script:
    def __init__(self, source):
        source = source if isinstance(source, dict) and ("steps" in source or "by_prompt" in source) else {"steps": source}
        self.delay = source.get("delay", 0)
        self.by_turn = source.get("by_turn", False)
        self.lists = {None: self.steps(source.get("steps") or [])}
        self.lists.update({words: self.steps(steps) for words, steps in (source.get("by_prompt") or {}).items()})
        self.taken = 0
        self.log = []
        self.changed = threading.Condition()

    @staticmethod
    def steps(source):
        steps = []
        for step in source if isinstance(source, list) else [source]:
            steps += [{key: value for key, value in step.items() if key != "times"}] * step.get("times", 1)
        return steps

    def take(self, api, body, headers):
        said = texts(api, body) if isinstance(body, dict) else []
        with self.changed:
            faults = check(api, body, headers)
            words = next((w for w in self.lists if w and any(w in text for text in said[:2])), None)
            steps, step = self.lists[words], {"text": "(script exhausted)"}
            if not faults:
                self.taken += 1
                at = answers(api, body) if self.by_turn else 0
                if at < len(steps):
                    step = steps[at] if self.by_turn else steps.pop(0)
                if step.get("expect") and step["expect"] not in json.dumps(body, ensure_ascii=False):
                    faults.append(f"expected in the request: {step['expect']!r}")
            if step.get("echo"):
                step = {**step, "text": said[-1] if said else ""}
            shown = {name: "…" if name in ("x-api-key", "authorization") else value for name, value in headers.items()}
            self.log.append({"api": api, "time": time.time(), "body": body, "headers": shown, "violations": faults})
            self.changed.notify_all()
            return step, self.taken, faults

    def report(self):
        with self.changed:
            return {"requests": len(self.log), "steps_left": sum(map(len, self.lists.values())),
                    "violations": [fault for line in self.log for fault in line["violations"]], "log": self.log}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Pieces leave as they are cut.
    disable_nagle_algorithm = True
    PATHS = {"/v1/messages": "anthropic", "/v1/chat/completions": "chat", "/v1/responses": "responses"}
    TYPES = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
             413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}

    def log_message(self, *_):
        pass

    def say(self, status, value, headers=()):
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in [("content-type", "application/json"), ("content-length", str(len(data))), *headers]:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, message, headers=()):
        self.say(status, {"type": "error", "error": {"type": self.TYPES.get(status, "api_error"), "message": message}}, headers)

    def place(self):
        """The address below /s/NAME, and NAME; "" for the script that was given at the start."""
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.split("/")
        if len(parts) > 3 and parts[1] == "s":
            return url._replace(path="/" + "/".join(parts[3:])), parts[2]
        return url, ""

    def script(self, name):
        return self.server.scripts.get(name) or self.server.scripts[""]

    def do_GET(self):
        url, name = self.place()
        if url.path == "/_wait":
            query = dict(urllib.parse.parse_qsl(url.query))
            script = self.script(name)
            with script.changed:
                if not script.changed.wait_for(lambda: len(script.log) >= int(query.get("n", 1)), float(query.get("s", 10))):
                    return self.refuse(408, f"only {len(script.log)} requests")
        return self.say(200, self.script(name).report())

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        url, name = self.place()
        path = url.path
        try:
            body = json.loads(raw)
        except ValueError:
            return self.refuse(400, "the body is no JSON")
        if path == "/_script":
            self.server.scripts[name] = Script(body)
            return self.say(200, {})
        if path not in self.PATHS:
            return self.refuse(404, path)
        script, api = self.script(name), self.PATHS[path]
        step, number, faults = script.take(api, body, headers)
        if self.server.log_file:
            with open(self.server.log_file, "a", encoding="utf-8") as file:
                file.write(json.dumps(script.log[-1]) + "\n")
        if faults:
            return self.refuse(400, "; ".join(faults))
        time.sleep(step.get("delay", script.delay))
        if "http" in step:
            more = [("retry-after", str(step["retry_after"]))] if "retry_after" in step else []
            if "location" in step:
                more.append(("location", step["location"]))
            if "should_retry" in step:
                more.append(("x-should-retry", str(step["should_retry"]).lower()))
            if "body" in step:
                return self.say(step["http"], step["body"], more)
            return self.refuse(step["http"], f"scripted {step['http']}", more)
        if step.get("fault") == "html":
            page = b"<html><body>502 Bad Gateway</body></html>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            return self.wfile.write(page)
        try:
            self.stream(step, getattr(Answer(step, number, body), api)(), api)
        except OSError:
            self.close_connection = True

    def stream(self, step, events, api):
        quirks, fault, after = step.get("quirks") or [], step.get("fault"), step.get("after", 3)
        end = "\n" if "lf" in quirks else "\r\n"
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        if fault == "empty":
            return self.finish_stream()
        self.write(f": a comment{end}{end}".encode(), "whole")
        for at, (name, event) in enumerate(events):
            if fault == "drop" and at == after:
                self.close_connection = True
                return self.connection.close()
            if fault == "end" and at == after:
                return self.finish_stream()
            if fault == "stall" and at == after:
                time.sleep(step.get("seconds", 30))
            if fault == "error" and at == after:
                error = {"type": "overloaded_error", "message": "Overloaded"}
                name, event = "error", {"type": "error", "error": error}
            while fault == "endless" and at == after:
                piece = (pieces(step.get("text") or "") or ["?"])[0]
                data = json.dumps(event).replace(piece, piece * 5000)
                self.write(f"data: {data}{end}{end}".encode(), "whole")
            data = json.dumps(event, ensure_ascii=False)
            if fault == "not_json" and at == after:
                data = data[:-1]
            data = data.replace("@clock@", f"{time.time() * 1000:.2f} ")
            block = (f"event: {name}{end}" if name else "") + f"data: {data}{end}{end}"
            self.write(block.encode(), step.get("cut", "half"))
            if fault == "error" and at == after:
                return self.finish_stream()
            if step.get("pace"):
                time.sleep(step["pace"])
        if api == "chat" and "no_done" not in quirks:
            self.write(f"data: [DONE]{end}{end}".encode(), "whole")
        self.finish_stream()

    def write(self, data, cut):
        if cut == "half":
            cut = max(1, len(data) // 2)
        elif cut == "bytes":
            cut = 1
        elif cut == "whole":
            cut = len(data)
        parts = [part + b"\r" for part in data.split(b"\r")] if cut == "crlf" else [
            data[at:at + cut] for at in range(0, len(data), cut)]
        if cut == "crlf":
            parts[-1] = parts[-1][:-1]
        for part in parts:
            if part:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()

    def finish_stream(self):
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        """Connections that are cut are what these tests are about."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    arguments = argparse.ArgumentParser(description="A scripted model server for tests.")
    arguments.add_argument("script", help="the script, a file; - for none")
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--log", help="each request as a line of JSON")
    options = arguments.parse_args()
    source = []
    if options.script != "-":
        with open(options.script, encoding="utf-8") as file:
            source = json.load(file)
    server = Server(("127.0.0.1", options.port), Handler)
    server.scripts, server.log_file = {"": Script(source)}, options.log
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(f"port {server.server_address[1]}", flush=True)
    # Ends with whoever started it.
    sys.stdin.read()


if __name__ == "__main__":
    main()
