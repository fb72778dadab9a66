"""The relay's memory while a machine's output flows to a viewer that reads and to one that never does."""
import re

import processes
from bulk import raw_terminal, stream
from ptylib import Pty, median
from results import Goal
from street import Street


def session_of(terminal):
    terminal.write(b"printf 'ID%s<%s>\\n' IS \"$CMDOP_SESSION_ID\"\n")
    found = re.search(rb"IDIS<([^>]+)>", terminal.drain(0.3, 3))
    return found.group(1).decode() if found else None


def stalled_viewer(street, terminal):
    """Of the same session where that can be had."""
    session = session_of(terminal)
    if session:
        viewer = Pty(street.terminal() + ["--session", session], street.env)
        try:
            viewer.drain(1.0, 5)
            return viewer, True
        except EOFError:
            viewer.close()
    return raw_terminal(street.terminal(), street.env), False


def one_round(yard):
    street, file = Street(yard), yard.bulk_file()
    times = max(1, yard.flood_megabytes // yard.megabytes)
    opened = []
    try:
        fast = raw_terminal(street.terminal(), street.env)
        opened.append(fast)
        stalled, same = stalled_viewer(street, fast)
        opened.append(stalled)
        fast.drain(0.3, 3)
        pids = {"relay": street.relay_pid, "machine": street.daemon_pid("box"), "client": street.daemon_pid("desk")}
        before = {name: processes.rss(pid) for name, pid in pids.items()}
        peak = dict(before)

        def look():
            for name, pid in pids.items():
                peak[name] = max(peak[name], processes.rss(pid))
        if not same:
            stalled.write(("for n in %s; do cat %s; done\n" % (" ".join(map(str, range(times))), file)).encode())
        received, seconds = stream(fast, file, "F", times, look)
        look()
        return {"same_session": same, "before": before, "peak": peak, "received_MB": received / 1e6,
                "MBps": received / 1e6 / seconds, "growth_MiB": {n: (peak[n] - before[n]) / 1024 for n in pids}}
    finally:
        for terminal in opened:
            terminal.leave()
        street.close()


def measure(yard, world, result):
    world.clear()
    rounds = [one_round(yard) for _ in range(yard.rounds)]
    result.raw("rounds", rounds)
    what = "memory growth, %d MB to a fast and a stalled viewer" % (
        yard.megabytes * max(1, yard.flood_megabytes // yard.megabytes))
    growth = {name: median([found["growth_MiB"][name] for found in rounds]) for name in rounds[0]["growth_MiB"]}
    result.row("relay's " + what, "MiB", growth["relay"], goal=Goal(at_most=16, of="value"))
    result.row("machine daemon's " + what, "MiB", growth["machine"])
    result.row("client daemon's " + what, "MiB", growth["client"])
    result.note("peak RSS less RSS before, sampled every 0.1 s; worst relay %.1f MiB; the fast viewer got %.0f MB/s" % (
        max(found["growth_MiB"]["relay"] for found in rounds), median([found["MBps"] for found in rounds])))
    result.note("both viewers watch one session" if all(found["same_session"] for found in rounds)
                else "each viewer has a session of its own, both print all the time")
