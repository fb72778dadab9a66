"""What an idle connected machine costs the relay: its memory before and after many of them, spare streams included."""
import os
import re
import time

import processes
from ptylib import median
from results import Goal
from street import Street, many_files
from yard import Failed, until

SETTLE = 5


def one_round(yard):
    street = Street(yard, machines=(), client=False)
    log = os.path.join(yard.work, "bench-agents.log")
    out = os.path.join(street.relay_home, "agents")
    try:
        time.sleep(2)
        before = processes.memory(street.relay_pid)
        with open(out, "wb") as sink:
            agents = yard.start(many_files([yard.cmdop, "bench-agents", "--server", "127.0.0.1:%d" % street.port,
                                            "--join-key", street.join_key, "--count", str(yard.agents)]),
                                log, street.env, stdout=sink)

        def ready():
            if agents.poll() is not None:
                with open(log, errors="replace") as file:
                    raise Failed("cmdop bench-agents ended: %s" % file.read()[-500:])
            with open(out) as file:
                return re.search(r"^ready\b", file.read(), re.M)
        start = time.perf_counter()
        until(ready, 300, 0.1)
        took = time.perf_counter() - start
        time.sleep(SETTLE)
        after = processes.memory(street.relay_pid)
        agents.terminate()
        agents.wait()
        return {"before": before, "after": after, "all_registered_s": took,
                "rss": (after["rss"] - before["rss"]) / yard.agents,
                "anonymous": (after["anonymous"] - before["anonymous"]) / yard.agents}
    finally:
        street.close()


def measure(yard, world, result):
    world.clear()
    rounds = [one_round(yard) for _ in range(yard.rounds)]
    result.raw("rounds", rounds)
    rss, own = (median([found[key] for found in rounds]) for key in ("rss", "anonymous"))
    result.row("relay memory per idle agent, RSS", "KiB", rss, goal=Goal(at_most=130, of="value"))
    result.row("relay memory per idle agent, allocated (without the binary's pages)", "KiB", own)
    result.note("%d agents simulated by one other process, %d fresh relays; %d s after the last had registered "
                "(after %.1f s)" % (yard.agents, yard.rounds, SETTLE,
                                    median([found["all_registered_s"] for found in rounds])))
