"""`ask_machines` to many machines whose models answer in a second: from the agent's call to all answers, on one host."""
import json
import os
import sys
import subprocess

from ptylib import median
from results import Goal
from street import Street

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(HERE, "..", "..", "Tests", "EndToEndTests", "Support", "model.py")
ANSWER_S = 1.0
ROUNDS = 5


def scripted(names):
    call = {"name": "ask_machines", "input": {"hostnames": names, "prompt": "how full is your disk"}}
    return {"steps": [], "by_turn": True, "by_prompt": {
        "ask them all": [{"tools": [call]}, {"text": "all asked"}],
        "how full is your disk": [{"text": "half full", "delay": ANSWER_S}]}}


def measure(yard, world, result):
    world.clear()
    count = int(os.environ.get("BENCH_ASKS", "50"))
    names = ["ask%d" % number for number in range(count)]
    script = os.path.join(yard.work, "asks.json")
    with open(script, "w") as file:
        json.dump(scripted(names), file)
    model = subprocess.Popen([sys.executable, MODEL, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        port = int(model.stdout.readline().split()[-1])
        agent = {"ANTHROPIC_API_KEY": "sk-bench", "ANTHROPIC_BASE_URL": "http://127.0.0.1:%d" % port, "CMDOP_MODEL": "scripted"}
        street = Street(yard, machines=names, machine_env=agent)
        try:
            street.add("asker", more=agent)
            desk = street.environment(street.homes["asker"])
            times, answered = [], 0
            for turn in range(ROUNDS + 1):
                out = yard.run([yard.cmdop, "chat", "-p", "ask them all", "--json"], desk)
                events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
                done = next(event["body"] for event in events if event.get("kind") == "result")
                answered = sum("response" in value for value in done["value"]["results"].values())
                if answered != count:
                    raise RuntimeError("%d of %d machines answered: %s" % (answered, count, done["text"][:500]))
                if turn:
                    times.append(done["ms"])
            result.raw("asks_ms", times)
            result.row("ask_machines to %d machines whose models answer in %.0f s" % (count, ANSWER_S), "ms", median(times),
                       goal=Goal(at_most=1500, of="value"))
            result.note("%d daemons, their relay and the model server share this host's processors; %d rounds, worst %d ms"
                        % (count + 1, ROUNDS, max(times)))
        finally:
            street.close()
    finally:
        model.stdin.close()
        model.wait()
