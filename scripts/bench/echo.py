"""Keystroke echo: one byte written to the local pseudo-terminal until that byte is read back.

The far side runs `cat >/dev/null` and its kernel's line discipline echoes: no shell's line editor is measured.
"""
import time

from ptylib import Pty, median, percentile, stats
from results import Goal

# They occur neither in escape sequences nor among cmdop's and ssh's escape keys.
KEYS = b"%&+*"
INTERVAL = 0.02
WARM = 20
TMATE = "tmate reaches machines through tmate-ssh-server, which is not a Debian package"


def keystrokes(terminal, count):
    """ms of each; a key that does not come back within 5 s is an error."""
    samples, column = [], 0
    for index in range(count + WARM):
        key = KEYS[index % 4:index % 4 + 1]
        if column >= 60:
            terminal.write(b"\r")
            terminal.drain(0.15, 0.5)
            column = 0
        column += 1
        start = time.perf_counter()
        terminal.write(key)
        end = start + 5
        while True:
            left = end - time.perf_counter()
            if left <= 0:
                raise TimeoutError("a keystroke was not echoed within 5 s")
            if key in terminal.read(left):
                break
        took = (time.perf_counter() - start) * 1000
        if index >= WARM:
            samples.append(took)
        time.sleep(INTERVAL)
    return samples


def echoing(command, env):
    """A terminal that echoes."""
    terminal = Pty(command, env)
    try:
        terminal.ready()
        terminal.write(b"stty echo icanon; cat >/dev/null\r")
        time.sleep(0.4)
        terminal.drain(0.3, 2)
    except BaseException:
        terminal.leave()
        raise
    return terminal


def measure(yard, world, result):
    street, ssh = world.street(), world.ssh()
    paths = {"cmdop": (street.terminal(), street.env), "ssh -J": (ssh.terminal("boxj"), yard.env)}
    samples, shells = {name: [] for name in paths}, {}
    for _ in range(yard.rounds):
        for name, (command, env) in paths.items():
            terminal = echoing(command, env)
            shells[name] = terminal.shell
            try:
                samples[name].append(keystrokes(terminal, yard.keys))
            finally:
                terminal.leave()
    figures = {name: {"p50": median([percentile(r, 50) for r in rounds]),
                      "p99": median([percentile(r, 99) for r in rounds])} for name, rounds in samples.items()}
    for name, rounds in samples.items():
        result.raw(name, [stats(r) for r in rounds])
    own, peer = figures["cmdop"], figures["ssh -J"]
    result.row("keystroke echo, p50", "ms", own["p50"], "ssh -J", peer["p50"], Goal(at_most=2.0))
    result.row("keystroke echo, p99", "ms", own["p99"], "ssh -J", peer["p99"], Goal(at_most=3.0))
    result.missing("keystroke echo, p50", "ms", own["p50"], "tmate, own relay", TMATE)
    if len(set(shells.values())) > 1:
        result.note("the shells differ: %s" % shells)
    result.note("%d rounds A B A B of %d keys, 20 ms apart; medians of the rounds" % (yard.rounds, yard.keys))
