"""Runs the measures named on the command line (all without names), one after the other, and writes JSON lines.

Started by run.sh, which makes the folder and sweeps up whatever happens."""
import importlib
import os
import platform
import signal
import subprocess
import sys
import time
import traceback

import results
import table
from sshpeer import SSHPeer
from street import Street
from yard import Missing, Yard

# Name → module. The order is that of docs/performance.md.
MEASURES = {"echo": "echo", "bulk": "bulk", "exec": "execs", "beside": "beside", "fanout": "fanout",
            "agents": "agents", "stalled": "stalled", "idle": "idle", "startup": "startup", "binary": "binary",
            "reconnect": "reconnect", "viewers": "viewers", "arrival": "arrival", "sessions": "sessions",
            "crowd": "crowd", "fleets": "fleets", "asks": "asks", "mcp": "mcp"}


class World:
    """What several measures share, made when first asked for."""

    def __init__(self, yard):
        self.yard, self._street, self._ssh = yard, None, None

    def street(self):
        if self._street is None or "box" not in self._street.homes:
            self._close_street()
            self._street = Street(self.yard)
        return self._street

    def many_machines(self):
        self._close_street()
        names = ["m%d" % number for number in range(1, self.yard.machines + 1)]
        self._street = Street(self.yard, machines=names)
        return self._street

    def ssh(self):
        if self._ssh is None:
            self._ssh = SSHPeer(self.yard)
        return self._ssh

    def _close_street(self):
        street, self._street = self._street, None
        if street:
            street.close()

    def clear(self):
        """For a measure of memory or processor time: nothing else of ours runs."""
        self._close_street()
        ssh, self._ssh = self._ssh, None
        if ssh:
            ssh.close()


def first_line(argv, env):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=env, text=True, timeout=20)
        return done.stdout.strip().splitlines()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return None


def surroundings(yard):
    with open("/proc/cpuinfo") as file:
        models = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    with open("/etc/os-release") as file:
        system = dict(line.rstrip().split("=", 1) for line in file if "=" in line)
    return {"kind": "surroundings", "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "load": results.load(), "settings": yard.settings(),
            "cpu": models[0] if models else platform.machine(), "cores": os.cpu_count(),
            "system": system.get("PRETTY_NAME", "?").strip('"'), "kernel": platform.release(),
            "cmdop": first_line([yard.cmdop, "--version"], yard.env), "ssh": first_line(["ssh", "-V"], yard.env),
            "clush": first_line(["clush", "--version"], yard.env),
            "pssh": first_line(["parallel-ssh", "--version"], yard.env),
            "tmux": first_line(["tmux", "-V"], yard.env),
            "commit": first_line(["git", "-C", os.path.dirname(os.path.abspath(__file__)), "rev-parse", "--short",
                                  "HEAD"], yard.env)}


def main(work, cmdop, out, names):
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        sys.exit("error: no measure is called %s\ntry: %s" % (", ".join(unknown), " ".join(MEASURES)))
    # Only TERM: an interrupt arrives as one, through run.sh.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    yard = Yard(work, cmdop)
    world, failed = World(yard), []
    results.append(out, surroundings(yard))
    try:
        for name in names or MEASURES:
            print("bench: %s …" % name, file=sys.stderr, flush=True)
            result = results.Result(name, yard)
            try:
                importlib.import_module(MEASURES[name]).measure(yard, world, result)
            except Missing as missing:
                result.note("not measured: %s" % missing)
            except Exception as error:
                failed.append(name)
                result.note("not measured: it failed: %s" % error)
                traceback.print_exc()
            record = result.finish()
            results.append(out, record)
            for line in table.lines([record]):
                print(line, file=sys.stderr, flush=True)
    finally:
        try:
            world.clear()
        finally:
            yard.close()
    print(table.render(table.read(out)))
    if failed:
        sys.exit("error: these measures failed: %s" % ", ".join(failed))


main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
