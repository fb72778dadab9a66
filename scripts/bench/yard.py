"""The place where one run happens: its folder, its settings, the processes it starts."""
import os
import shutil
import socket
import subprocess
import time

import processes


def number(name, default):
    return int(os.environ.get(name) or default)


class Missing(Exception):
    """A peer that is not there: said in the results, never guessed."""


class Failed(Exception):
    """Nothing to wait for: a process that should run has ended."""


class Yard:
    def __init__(self, work, cmdop):
        self.work, self.cmdop = work, cmdop
        self.rounds = number("BENCH_ROUNDS", 5)
        self.runs = number("BENCH_RUNS", 20)
        self.keys = number("BENCH_KEYS", 200)
        self.megabytes = number("BENCH_MB", 200)
        self.flood_megabytes = number("BENCH_FLOOD_MB", 1000)
        self.agents = number("BENCH_AGENTS", 1000)
        self.fleet = number("BENCH_FLEET", 10000)
        self.machines = number("BENCH_MACHINES", 20)
        long = os.environ.get("BENCH_LONG")
        self.idle_seconds = number("BENCH_IDLE_S", 300 if long else 60)
        self.outages = number("BENCH_OUTAGES", 5)
        self.viewers = number("BENCH_VIEWERS", 10)
        self.sessions = number("BENCH_SESSIONS", 500)
        self.churn = number("BENCH_CHURN", 10000 if long else 2000)
        self.crowd = number("BENCH_CROWD", 64)
        # Nothing of the caller's own cmdop, ssh agent or tmux may leak in.
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("CMDOP_", "SSH_", "TMUX", "BENCH_"))}
        # By this the sweep knows whatever this run left behind.
        self.env["BENCH_WORK"] = work
        self.env["TERM"] = "xterm-256color"
        self._folders = 0
        self._bulk = None

    def settings(self):
        return {"rounds": self.rounds, "runs": self.runs, "keys": self.keys, "mb": self.megabytes,
                "flood_mb": self.flood_megabytes, "agents": self.agents, "fleet": self.fleet, "machines": self.machines,
                "idle_s": self.idle_seconds, "outages": self.outages, "viewers": self.viewers,
                "sessions": self.sessions, "churn": self.churn, "crowd": self.crowd}

    def folder(self, name):
        """A new one, with a short path: Unix sockets will live in it."""
        self._folders += 1
        path = os.path.join(self.work, "%s%d" % (name, self._folders))
        os.mkdir(path, 0o700)
        return path

    def remember(self, pid):
        born = processes.birth(pid)
        if born is not None:
            with open(os.path.join(self.work, "pids"), "a") as file:
                file.write("%d %d\n" % (pid, born))
        return pid

    def start(self, argv, log, env=None, stdout=None):
        """A process in the background; `log` is a file."""
        with open(log, "ab") as sink:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout or sink, stderr=sink,
                                       env=env or self.env, start_new_session=True)
        self.remember(process.pid)
        return process

    def run(self, argv, env=None, timeout=60):
        """Its stdout; raises when it fails."""
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=env or self.env, timeout=timeout)
        if done.returncode:
            raise RuntimeError("%s: status %d: %s" % (
                " ".join(argv), done.returncode, (done.stderr or done.stdout)[-600:].decode("utf-8", "replace")))
        return done.stdout.decode("utf-8", "replace")

    def quiet(self, argv, env=None, timeout=60):
        """Its status, with nobody listening: a background ssh that keeps stderr open holds nothing up."""
        return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=env or self.env, timeout=timeout).returncode

    def bulk_file(self):
        """Lines of printable text, made once."""
        if self._bulk is None:
            self._bulk = os.path.join(self.work, "bulk")
            alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            lines = []
            for line in range(12500):
                turn = line * 7 % len(alphabet)
                lines.append(((alphabet[turn:] + alphabet[:turn]) * 2)[:79] + "\n")
            million = "".join(lines).encode()
            with open(self._bulk, "wb") as file:
                for _ in range(self.megabytes):
                    file.write(million)
        return self._bulk

    def close(self):
        processes.sweep(self.work)


def until(what, seconds=30, pause=0.05):
    """Waits until `what()` gives something true, and returns it."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            found = what()
            if found:
                return found
        except (OSError, RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
            last = error
        time.sleep(pause)
    raise TimeoutError("not so after %d s: %s" % (seconds, last or what))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def program(name, package):
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise Missing("%s is not installed (Debian package %s)" % (name, package))
    return found


def timed(argv, env, expect=0, timeout=120):
    """ms of wall time of a whole process."""
    start = time.perf_counter()
    status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                            env=env, timeout=timeout).returncode
    took = (time.perf_counter() - start) * 1000
    if status != expect:
        raise RuntimeError("%s: status %d instead of %d" % (" ".join(argv), status, expect))
    return took
