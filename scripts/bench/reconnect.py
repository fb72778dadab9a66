"""From the network's return to the first new byte of a session at its client's terminal, and whether the stream is whole.

A session prints numbered lines all the time; a proxy before the relay (outage.py) takes the network away: from client and
machine at once, or from the client alone. One terminal lives through all outages of its row."""
import random
import re
import shutil
import time

from outage import Ways
from ptylib import Pty, median, stats
from results import Goal
from street import Street

LENGTHS = (3, 10)
FAULTS = ("reset", "hole")
SIDES = {"client and machine": ("machines", "clients"), "only the client": ("clients",)}
# So far the moment of the return wanders against the rhythm of the tries.
JITTER = 0.4
# Between outages: the connection counts as settled, and as used.
PEACE = 2.5
PATIENCE = 60
# What is still on its way when the network goes.
ON_ITS_WAY = 0.5
TICKING = b"i=0; while :; do i=$((i+1)); echo tick-$i; sleep 0.01; done\r"
TICK = re.compile(rb"tick-(\d+)\r\n")
# The client's notice line, and the machine's repair of the row under it; all else is the session's.
OURS = re.compile(rb"(?:\x18\x1b\\)?\x1b\[\?2026h.*?\x1b\[\?2026l|\x1b7.*?\x1b8", re.S)
NOTICE = re.compile(rb"\x1b7[^\x18]*?\[cmdop: ([^\x1b]*)\]")
PEERS = {"mosh-client": "mosh", "et": "et"}


class Listener:
    """A terminal whose output is kept, with the time of each piece."""

    def __init__(self, command, env):
        self.terminal, self.pieces = Pty(command, env), []
        try:
            self.terminal.ready()
            self.terminal.write(TICKING)
        except BaseException:
            self.terminal.leave()
            raise

    def listen(self, seconds, until=None):
        """Until `until(piece)` or so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            piece = self.terminal.read(left)
            if piece:
                self.pieces.append((time.perf_counter(), piece))
                if until and until():
                    return True
        return False

    def stream(self):
        return b"".join(piece for _, piece in self.pieces)

    def own(self):
        """The session's bytes, and for each piece in which some came: when, and their number."""
        raw, times = self.stream(), []
        ours = [match.span() for match in OURS.finditer(raw)]
        at, index = 0, 0
        for when, piece in self.pieces:
            begin, at = at, at + len(piece)
            while index < len(ours) and ours[index][1] <= begin:
                index += 1
            length, look = len(piece), index
            while look < len(ours) and ours[look][0] < at:
                length -= min(ours[look][1], at) - max(ours[look][0], begin)
                look += 1
            if length:
                times.append((when, length))
        return OURS.sub(b"", raw), times

    def first_after(self, moment):
        return next((when for when, _ in self.own()[1] if when > moment), None)


def verdict(clean):
    """(ticks, lost, repeated)"""
    last, lost, repeated, count = None, 0, 0, 0
    for match in TICK.finditer(clean):
        number, count = int(match.group(1)), count + 1
        if last is not None and number <= last:
            repeated += 1
            continue
        if last is not None:
            lost += number - last - 1
        last = number
    return count, lost, repeated


def one_outage(ways, listener, fault, sides, seconds):
    """ms from the return to the first byte of the session; None when none came."""
    seconds += random.uniform(0, JITTER)
    gone = ways.cut(fault, sides)
    listener.listen(gone + seconds - time.perf_counter())
    before = ways.connections()
    back = ways.heal()
    early = [when for when, _ in listener.own()[1] if gone + ON_ITS_WAY < when < back]
    if early:
        raise RuntimeError("the outage was none: output came %.1f s after it began" % (early[0] - gone))
    listener.listen(PATIENCE, lambda: listener.first_after(back) is not None)
    dialled = ways.connections() - before
    # Only now, when nothing of ours is there by half.
    listener.listen(PEACE)
    came = listener.first_after(back)
    return {"ms": None if came is None else (came - back) * 1000, "outage_s": back - gone, "connections_after": dialled}


def one_terminal(yard, ways, result, name, command, env, fault, sides, seconds):
    """All outages of one row."""
    listener, outages = Listener(command, env), []
    try:
        listener.listen(PEACE)
        for _ in range(yard.outages):
            outages.append(one_outage(ways, listener, fault, sides, seconds))
            if outages[-1]["ms"] is None:
                result.note("%s: no output within %d s after the network was back" % (name, PATIENCE))
                break
    except EOFError:
        result.note("%s: the client ended in outage %d; its last words: %r" % (
            name, len(outages) + 1, listener.stream()[-300:]))
        outages.append({"ms": None})
    finally:
        listener.terminal.leave()
    ticks, lost, repeated = verdict(listener.own()[0])
    notices = [text.decode("utf-8", "replace") for text in NOTICE.findall(listener.stream())]
    if lost or repeated:
        result.note("%s: of %d ticks %d lost, %d repeated" % (name, ticks, lost, repeated))
    return {"outages": outages, "ticks": ticks, "lost": lost, "repeated": repeated, "notices": notices[:4]}


def measure(yard, world, result):
    world.clear()
    ways = Ways(yard)
    street = None
    try:
        street = Street(yard, ways=ways)
        near = street.env
        far = street.environment(
            yard.folder("c"), CMDOP_TOKEN=street.token,
            CMDOP_SERVER="127.0.0.1:%d#%s" % (ways.clients, street.address.partition("#")[2]))
        clients = {"with a daemon": near, "without a daemon": far}
        found = {}
        for who, sides in SIDES.items():
            for client, env in clients.items():
                for fault in FAULTS:
                    for seconds in LENGTHS:
                        name = "%s of %d s, %s, client %s" % (fault, seconds, who, client)
                        found[name] = one_terminal(
                            yard, ways, result, name, street.terminal() + ["--new"], env, fault, sides, seconds)
    finally:
        if street:
            street.close()
        ways.close()
    report(yard, result, found)


def report(yard, result, found):
    result.raw("rows", found)
    for name, row in found.items():
        # What did not come back within PATIENCE counts as that.
        took = [PATIENCE * 1000.0 if outage["ms"] is None else outage["ms"] for outage in row["outages"]]
        row["stats"] = stats(took)
        result.row("output is back after %s, p50" % name, "ms", median(took), goal=Goal(at_most=150, of="value"))
        result.row("output is back after %s, max" % name, "ms", max(took), goal=Goal(at_most=500, of="value"))
    for what in ("lost", "repeated"):
        result.row("ticks %s, of %d" % (what, sum(row["ticks"] for row in found.values())), "ticks",
                   sum(row[what] for row in found.values()), goal=Goal(at_most=0, of="value"))
    result.note("%d outages a row, each up to %.1f s longer than it says; from the network's return to the first byte of "
                "the session (our notice and the repair of its row do not count)" % (yard.outages, JITTER))
    result.note("reset: connections get a RST, new ones too; hole: bytes vanish, on connections of that time for ever")
    result.note("ssh never comes back: its session ends with the connection; Eternal Terminal publishes 0.41–0.67 s p50 "
                "and 1.07 s max; %s" % "; ".join(
                    "%s %s" % (package, "is installed, and not measured" if shutil.which(command) else "is not installed")
                    for command, package in PEERS.items()))
