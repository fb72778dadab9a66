"""A machine's daemon with nothing to do: memory, and processor time over a while."""
import time

import processes
from results import Goal
from street import Street

SETTLE = 10


def measure(yard, world, result):
    world.clear()
    street = Street(yard)
    try:
        pid = street.daemon_pid("box")
        time.sleep(SETTLE)
        family = processes.tree([pid]) - {pid}
        cpu, clock = processes.cpu_seconds(pid), time.monotonic()
        sizes = []
        while time.monotonic() - clock < yard.idle_seconds:
            time.sleep(yard.idle_seconds / 5)
            sizes.append(processes.memory(pid))
        share = (processes.cpu_seconds(pid) - cpu) / (time.monotonic() - clock) * 100
        rss, pss = (sorted(size[key] for size in sizes)[len(sizes) // 2] / 1024 for key in ("rss", "pss"))
        result.raw("samples", sizes)
        result.raw("children", [{"pid": child, **processes.memory(child)} for child in family])
        result.row("idle agent daemon, RSS", "MiB", rss, goal=Goal(at_most=40, of="value"))
        result.row("idle agent daemon, PSS", "MiB", pss)
        result.row("idle agent daemon, CPU over %d s" % yard.idle_seconds, "%", share,
                   goal=Goal(at_most=0.1, of="value"))
        result.row("idle relay with 2 machines, RSS", "MiB", processes.memory(street.relay_pid)["rss"] / 1024)
        result.note("%d s after it came up; RSS: median of 5 readings; BENCH_LONG=1 watches it for 300 s" % SETTLE)
    finally:
        street.close()
