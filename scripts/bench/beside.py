"""Keystroke echo in one session while another session of the same machine prints without end.

A process of its own reads what is printed, so that the reader does not slow the one that presses keys."""
import mmap
import os
import signal
import struct
import time

import echo
from bulk import raw_terminal
from ptylib import median, percentile, stats
from results import Goal


class Flood:
    """`cat` of the file, again and again, read to nowhere."""

    def __init__(self, command, env, file):
        self.terminal, self.count = raw_terminal(command, env), mmap.mmap(-1, 8)
        self.terminal.write(("while cat %s; do :; done\n" % file).encode())
        self.reader = os.fork()
        if self.reader == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                total = 0
                while True:
                    total += len(self.terminal.read(None))
                    self.count[:] = struct.pack("Q", total)
            except (EOFError, KeyboardInterrupt, OSError):
                pass
            finally:
                os._exit(0)
        self.restart()

    def restart(self):
        self.mark = (self.bytes(), time.perf_counter())

    def bytes(self):
        return struct.unpack("Q", self.count[:])[0]

    def rate(self):
        """MB/s since restart()."""
        return (self.bytes() - self.mark[0]) / 1e6 / (time.perf_counter() - self.mark[1])

    def close(self):
        os.kill(self.reader, signal.SIGTERM)
        os.waitpid(self.reader, 0)
        self.terminal.leave()


def one_round(command, env, file, keys):
    terminal = echo.echoing(command, env)
    try:
        flood = Flood(command, env, file)
        try:
            time.sleep(0.5)
            flood.restart()
            return echo.keystrokes(terminal, keys), flood.rate()
        finally:
            flood.close()
    finally:
        terminal.leave()


def measure(yard, world, result):
    street, ssh, file = world.street(), world.ssh(), yard.bulk_file()
    ssh.open_connection("boxm")
    ssh.open_connection("boxjm")
    paths = {"cmdop": (street.terminal(), street.env),
             "ssh, one connection": (ssh.terminal("boxm"), yard.env),
             "ssh -J, one connection": (ssh.terminal("boxjm"), yard.env)}
    samples, rates = {name: [] for name in paths}, {name: [] for name in paths}
    for _ in range(yard.rounds):
        for name, (command, env) in paths.items():
            found, rate = one_round(command, env, file, yard.keys)
            samples[name].append(found)
            rates[name].append(rate)
    for name, rounds in samples.items():
        result.raw(name, {"echo": [stats(r) for r in rounds], "MBps": rates[name]})
    p50, p99 = ({name: median([percentile(r, p) for r in rounds]) for name, rounds in samples.items()}
                for p in (50, 99))
    worst = {name: max(max(r) for r in rounds) for name, rounds in samples.items()}
    for peer in list(paths)[1:]:
        first = peer == list(paths)[1]
        result.row("echo beside bulk output, p50", "ms", p50["cmdop"], peer, p50[peer])
        result.row("echo beside bulk output, p99", "ms", p99["cmdop"], peer, p99[peer],
                   Goal(at_most=10, of="value") if first else None)
        result.row("echo beside bulk output, max", "ms", worst["cmdop"], peer, worst[peer],
                   Goal(at_most=40, of="value") if first else None)
    result.note("p50 and p99 are medians of %d rounds, max is the worst key of all rounds" % yard.rounds)
    result.note("the bulk beside it ran at " + ", ".join(
        "%s %.0f MB/s" % (name, median(found)) for name, found in rates.items()))
