"""Many machines in one fleet: what admission costs, how long the roster takes, how soon a watcher hears of a change, and
how they all come back after the relay was killed, while somebody works."""
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import time
import urllib.request

from ptylib import median
from results import Goal
from street import Street, many_files
from yard import Failed, until

PROCESSES = 4  # that the simulated machines share


def admission(yard, result):
    found = [json.loads(line) for line in
             yard.run([yard.cmdop, "bench-admission", "--json"], yard.env).splitlines() if line.startswith("{")]
    first, later = found[0], found[-1]
    result.raw("admission", found)
    result.row("admission of an operation, p50 (10,000 machines, 1,000 fleets)", "µs", later["p50_us"],
               goal=Goal(at_most=50, of="value"))
    result.row("the same, p99", "µs", later["p99_us"])
    result.row("the first use of each access token (its signature), p50", "µs", first["p50_us"])


def roster(yard, street, result):
    times = []
    for _ in range(7):
        start = time.perf_counter()
        rows = yard.run([yard.cmdop, "machines"], street.env).count("\n")
        times.append((time.perf_counter() - start) * 1000)
    if rows < yard.fleet:
        raise Failed("the roster has %d rows" % rows)
    result.row("cmdop machines, %d machines" % yard.fleet, "ms", median(times), goal=Goal(at_most=300, of="value"))


def watching(yard, street, result):
    """From the act to the line that the watcher prints."""
    watcher = subprocess.Popen([yard.cmdop, "machines", "--watch", "--json"], env=street.env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines, seen = [], threading.Condition()

    def read():
        for line in watcher.stdout:
            with seen:
                lines.append((time.perf_counter(), line))
                seen.notify()
    threading.Thread(target=read, daemon=True).start()
    until(lambda: len(lines) >= yard.fleet, 120, 0.1)
    time.sleep(1)
    times, old = [], "desk"
    for number in range(20):
        name, start = "name-%d" % number, time.perf_counter()
        subprocess.run([yard.cmdop, "machine", "rename", old, name], env=street.env, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        old = name
        until(lambda: any(name in line for _, line in lines[-50:]), 20, 0.002)
        times.append((next(at for at, line in reversed(lines) if name in line) - start) * 1000)
    watcher.send_signal(signal.SIGINT)
    watcher.wait()
    result.raw("watch_ms", times)
    result.row("a watcher of %d machines hears of a change, from the start of the command that makes it" % yard.fleet, "ms",
               max(times), goal=Goal(at_most=100, of="value"))


class Errands:
    """What somebody does meanwhile: a command on a machine, and the beginning of a login, over and over."""

    def __init__(self, yard, street):
        self.yard, self.street, self.over = yard, street, threading.Event()
        self.execs, self.logins, self.refused = [], [], 0
        self.threads = [threading.Thread(target=task) for task in (self.exec, self.login)]
        for thread in self.threads:
            thread.start()

    def exec(self):
        while not self.over.is_set():
            start = time.perf_counter()
            done = subprocess.run(self.street.exec("box", "true"), env=self.street.env, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                self.execs.append((time.perf_counter() - start) * 1000)
            else:
                self.refused += 1
            self.over.wait(0.3)

    def login(self):
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        url = "https://127.0.0.1:%d/.well-known/jwks.json" % self.street.port
        while not self.over.is_set():
            start = time.perf_counter()
            try:
                urllib.request.urlopen(url, timeout=20, context=trust).read()
                self.logins.append((time.perf_counter() - start) * 1000)
            except OSError:
                self.refused += 1
            self.over.wait(0.3)

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def measure(yard, world, result):
    world.clear()
    admission(yard, result)
    street = Street(yard)
    agents, outs = [], []
    try:
        for number in range(PROCESSES):
            out = os.path.join(street.relay_home, "agents-%d" % number)
            with open(out, "wb") as sink:
                agents.append(yard.start(
                    many_files([yard.cmdop, "bench-agents", "--join-key", street.join_key,
                                "--count", str(yard.fleet // PROCESSES)]),
                    os.path.join(yard.work, "agents-%d.log" % number), street.env, stdout=sink))
            outs.append(out)

        def lines(pattern):
            found = []
            for out in outs:
                with open(out) as file:
                    found += re.findall(pattern, file.read(), re.M)
            return found
        start = time.perf_counter()
        until(lambda: len(lines(r"^ready ")) == PROCESSES, 900, 0.5)
        result.note("%d machines enrolled and came online in %.0f s" % (yard.fleet, time.perf_counter() - start))
        time.sleep(3)
        roster(yard, street, result)
        watching(yard, street, result)

        os.kill(street.relay_pid, signal.SIGKILL)
        street.relay.wait()
        start = time.perf_counter()
        street.relay = yard.start(
            many_files([yard.cmdop, "relay", "serve", "--host", "127.0.0.1", "--port", str(street.port)]),
            os.path.join(street.relay_home, "log2"), street.environment(street.relay_home))
        errands = Errands(yard, street)
        try:
            until(lambda: len(lines(r"^back ")) == PROCESSES, 600, 0.2)
        finally:
            took = time.perf_counter() - start
            errands.end()
        result.raw("exec_ms", errands.execs)
        result.raw("login_ms", errands.logins)
        result.row("all %d machines are back after the relay was killed" % yard.fleet, "s", took,
                   goal=Goal(at_most=60, of="value"))
        result.row("exec meanwhile, the slowest of %d" % len(errands.execs), "ms", max(errands.execs, default=-1),
                   goal=Goal(at_most=1000, of="value"))
        result.row("a sign-in endpoint meanwhile, the slowest of %d" % len(errands.logins), "ms",
                   max(errands.logins, default=-1), goal=Goal(at_most=1000, of="value"))
        result.note("%d answers meanwhile were refusals: the relay or the machine was not back yet" % errands.refused)
    finally:
        for process in agents:
            process.terminate()
        for process in agents:
            process.wait()
        street.close()
