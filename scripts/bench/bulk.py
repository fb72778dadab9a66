"""Bulk output: `cat` of a file on the far side, from pressing Enter until the end mark is read."""
import os
import time

from echo import TMATE
from ptylib import Pty, median
from results import Goal


def stream(terminal, file, mark, times=1, tick=None, timeout=300):
    """Bytes received and seconds. `mark`: new for each call. `tick` is called about every 0.1 s."""
    token = b"END%sMARK" % mark.encode()
    command = "for n in %s; do cat %s; done" % (" ".join(str(n) for n in range(times)), file)
    terminal.write(("%s; printf 'E%%s%%s\\n' ND%sM ARK\n" % (command, mark)).encode())
    start = ticked = time.perf_counter()
    received, tail = 0, b""
    while token not in tail:
        data = terminal.read(5)
        now = time.perf_counter()
        if now - start > timeout:
            raise TimeoutError("no end mark after %d s and %d bytes" % (timeout, received))
        received += len(data)
        tail = (tail + data)[-256:] if len(data) < 256 else data[-256:] if token not in data else token
        if tick and now - ticked > 0.1:
            tick()
            ticked = now
    return received, time.perf_counter() - start


def raw_terminal(command, env):
    """No echo, no newline translation: what is received is what was printed."""
    terminal = Pty(command, env)
    try:
        terminal.ready()
        terminal.write(b"stty raw -echo opost -onlcr; PS1=''\r\n")
        time.sleep(0.5)
        terminal.drain(0.3, 2)
    except BaseException:
        terminal.leave()
        raise
    return terminal


def measure(yard, world, result):
    street, ssh, file = world.street(), world.ssh(), yard.bulk_file()
    size = os.path.getsize(file)
    paths = {"cmdop": (street.terminal(), street.env), "ssh -J": (ssh.terminal("boxj"), yard.env)}
    rates, terminals = {name: [] for name in paths}, {}
    try:
        for name, (command, env) in paths.items():
            terminals[name] = raw_terminal(command, env)
        for turn in range(yard.rounds):
            for name, terminal in terminals.items():
                received, seconds = stream(terminal, file, "%d" % turn)
                if received < size:
                    result.note("%s: only %d of %d bytes came" % (name, received, size))
                rates[name].append(size / 1e6 / seconds)
                terminal.drain(0.3, 2)
    finally:
        for terminal in terminals.values():
            terminal.leave()
    for name, found in rates.items():
        result.raw(name, found)
    own, peer = median(rates["cmdop"]), median(rates["ssh -J"])
    result.row("bulk output, cat %d MB" % yard.megabytes, "MB/s", own, "ssh -J", peer, Goal(at_least=0.8))
    result.missing("bulk output, cat %d MB" % yard.megabytes, "MB/s", own, "tmate, own relay", TMATE)
    result.note("%d runs each, in turn; every byte counted" % yard.rounds)
