"""Keystroke echo in one session while 64 others of the same machine print as fast as they can: seen by nobody, and then
each with a viewer that reads."""
import mmap
import os
import select
import signal
import struct
import time

import echo
import processes
from ptylib import Pty, median, percentile, stats
from results import Goal
from street import Street
from tmuxpeer import TmuxPeer
from yard import until

LINE = "the quick brown fox jumps over the lazy dog and runs through the whole night "
# They wait for a file: a machine that is busy already would start the last ones late.
WAITING = 'while [ ! -e "$1" ]; do sleep 0.2; done; exec yes "$2"'
SETTLE = 1


class Shouting:
    """Programs that print, known by their pids; what they have written counts."""

    def __init__(self, yard, name, count, create, machine):
        """`create(name, *command)` starts a session; `machine()`: the process under which they all live."""
        self.go = os.path.join(yard.work, "go-" + name)
        before = processes.tree([machine()]) if machine else set()
        for number in range(count):
            create("%s%d" % (name, number), "sh", "-c", WAITING, "sh", self.go, LINE)
        self.machine, self.before, self.count, self.pids = machine, before, count, set()

    def start(self):
        open(self.go, "w").close()

        def all_print():
            self.pids = {pid for pid in processes.tree([self.machine()]) - self.before if is_called(pid, "yes")}
            return len(self.pids) == self.count
        until(all_print, 60, 0.5)
        time.sleep(SETTLE)
        self.mark = (self.written(), time.perf_counter())

    def written(self):
        total = 0
        for pid in self.pids:
            with open("/proc/%d/io" % pid) as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("wchar:"))
        return total

    def rate(self):
        """MB/s of all together since start()."""
        return (self.written() - self.mark[0]) / 1e6 / (time.perf_counter() - self.mark[1])

    def end(self):
        for pid in processes.tree([self.machine()]) - self.before - {self.machine()}:
            if is_called(pid, "yes", "sh", "sleep"):
                processes.kill(pid)
        if os.path.exists(self.go):
            os.unlink(self.go)


def is_called(pid, *names):
    try:
        return processes.name(pid) in names
    except OSError:
        return False


class Readers:
    """A viewer for each, all read to nowhere by one other process."""

    def __init__(self, commands, env):
        self.terminals, self.reader, self.counts = [], None, mmap.mmap(-1, 8 * len(commands))
        try:
            for command in commands:
                self.terminals.append(Pty(command, env))
                # One after the other: that many at once would be another measure.
                if not self.terminals[-1].read(10):
                    raise TimeoutError("%s: no screen within 10 s" % " ".join(command))
        except BaseException:
            self.close()
            raise
        self.reader = os.fork()
        if self.reader == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                self._read()
            except BaseException:
                pass
            finally:
                os._exit(0)

    def _read(self):
        poll, seats = select.epoll(), {terminal.fd: (8 * at, terminal) for at, terminal in enumerate(self.terminals)}
        for number in seats:
            poll.register(number, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                at, terminal = seats[number]
                try:
                    count = len(terminal.read(0))
                except EOFError:
                    poll.unregister(number)
                    continue
                struct.pack_into("Q", self.counts, at, struct.unpack_from("Q", self.counts, at)[0] + count)

    def check(self):
        """Every one has read a screen full at least."""
        counts = struct.unpack("%dQ" % len(self.terminals), self.counts[:])
        blind = [terminal for terminal, count in zip(self.terminals, counts) if count < 2000]
        if blind:
            raise RuntimeError("%d of %d viewers got (nearly) nothing, the first: %s" % (
                len(blind), len(counts), " ".join(blind[0].argv)))
        return sum(counts)

    def close(self):
        if self.reader:
            os.kill(self.reader, signal.SIGTERM)
            os.waitpid(self.reader, 0)
        for terminal in self.terminals:
            processes.kill(terminal.pid, signal.SIGHUP)
        for terminal in self.terminals:
            terminal.close()


def keys_beside(yard, command, env, shouting, watching=()):
    """Keystrokes before a crowd that prints, and MB/s of the crowd; watching: a viewer's command for each."""
    terminal, readers, local = echo.echoing(command, env), None, None
    try:
        local = echo.echoing(["bash", "--norc", "--noprofile"], env)
        readers = Readers(watching, env) if watching else None
        if readers:
            time.sleep(2 * SETTLE)
        shouting.start()
        found = {"ms": echo.keystrokes(terminal, yard.keys)}
        found["MBps"] = shouting.rate()
        if readers:
            found["read_MB"] = readers.check() / 1e6
        # The same keys without any way between: what the machine's being busy costs by itself.
        found["local"] = echo.keystrokes(local, yard.keys)
        return found
    finally:
        shouting.end()
        if readers:
            readers.close()
        if local:
            local.leave()
        terminal.leave()


def of_cmdop(yard, name, watched):
    """A fresh machine for each: what the crowd printed before is nobody's burden."""
    street = Street(yard, machine_env={"CMDOP_MAX_SESSIONS": str(2 * yard.crowd + 8)})
    try:
        street.create("first", "true")
        keeper = street.keeper_pid("box")
        shouting = Shouting(yard, name, yard.crowd, street.create, lambda: keeper)
        watching = [street.terminal("box", "%s%d" % (name, number)) for number in range(yard.crowd)] if watched else ()
        return keys_beside(yard, street.terminal() + ["--new"], street.env, shouting, watching)
    finally:
        street.close()


def of_tmux(yard, ssh, name, watched):
    tmux = TmuxPeer(yard, ssh)
    try:
        tmux.create("typed")
        server = tmux.server_pid()
        shouting = Shouting(yard, name, yard.crowd, tmux.create, lambda: server)
        # Attached here: 64 connections of ssh would be a crowd of their own.
        watching = [tmux.command("attach-session", "-t", "=%s%d" % (name, number)) for number in range(yard.crowd)
                    ] if watched else ()
        return keys_beside(yard, tmux.terminal("typed"), yard.env, shouting, watching)
    finally:
        tmux.close()


def measure(yard, world, result):
    world.clear()
    ssh, found = world.ssh(), {}
    for turn in range(yard.rounds):
        for watched in (False, True):
            for who in ("cmdop", "tmux over ssh"):
                name = "%s%d%s" % (who[0], turn, "w" if watched else "d")
                one = of_cmdop(yard, name, watched) if who == "cmdop" else of_tmux(yard, ssh, name, watched)
                found.setdefault((who, watched), []).append(one)
    result.raw("rounds", [{"who": who, "watched": watched, "echo": [stats(one["ms"]) for one in rounds],
                           "local": [stats(one["local"]) for one in rounds], "MBps": [one["MBps"] for one in rounds]}
                          for (who, watched), rounds in found.items()])
    for watched in (False, True):
        figures = {(who, p, what): median([percentile(one[what], p) for one in found[who, watched]])
                   for who in ("cmdop", "tmux over ssh") for p in (50, 99) for what in ("ms", "local")}
        name = "echo beside %d sessions that print, %s" % (
            yard.crowd, "each with a viewer" if watched else "without viewers")
        for p in (50, 99):
            own, peer = figures["cmdop", p, "ms"], figures["tmux over ssh", p, "ms"]
            result.row("%s, p%d" % (name, p), "ms", own, "tmux over ssh", peer,
                       Goal(at_most=50, of="value") if p == 99 else None)
        result.row("%s, p99" % name, "ms", figures["cmdop", 99, "ms"], "a local terminal beside cmdop's",
                   figures["cmdop", 99, "local"])
        result.note("%s: together they printed %s" % (name, ", ".join("%s %.0f MB/s" % (
            who, median([one["MBps"] for one in found[who, watched]])) for who in ("cmdop", "tmux over ssh"))))
    result.note("%d rounds of %d keys; each round a fresh machine; the crowd's programs want all of both cores as well" % (
        yard.rounds, yard.keys))
