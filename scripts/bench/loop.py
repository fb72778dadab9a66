#!/usr/bin/env python3
"""What the agent's loop costs beside model and tools: scripts/bench/loop.py [CMDOP] [TURNS]

Starts the scripted model server of the tests, and `cmdop bench-loop` against it, for each API. Figures: docs/agent.md.
"""
import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CMDOP = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("CMDOP_BIN", ROOT + "/dist/cmdop")
TURNS = int(sys.argv[2]) if len(sys.argv) > 2 else 200

STEPS = [{"text": "@clock@" * 20, "tools": [{"name": "look", "input": {"x": "y"}}], "pace": 0.002, "usage": None},
         {"text": "@clock@" * 20, "pace": 0.002, "usage": None}]

with tempfile.TemporaryDirectory() as work:
    script = work + "/script.json"
    with open(script, "w", encoding="utf-8") as file:
        json.dump(STEPS * TURNS * 3, file)
    server = subprocess.Popen([sys.executable, ROOT + "/Tests/EndToEndTests/Support/model.py", script],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = server.stdout.readline().split()[1]
        for provider in ("anthropic", "openai-chat", "openai-responses"):
            folder = f"{work}/{provider}"
            os.mkdir(folder)
            print(provider, flush=True)
            subprocess.run([CMDOP, "bench-loop", "--base", f"http://127.0.0.1:{port}", "--provider", provider,
                            "--turns", str(TURNS), "--folder", folder], check=True)
    finally:
        server.stdin.close()
        server.wait(10)
