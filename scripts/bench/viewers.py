"""Ten viewers of one session: a keystroke until the last of them has shown it, and 20 MB until the last has the end.

All are read by one process. What the terminals and that reading cost by themselves is measured beside it: as many local
`cat` of the same file."""
import hashlib
import os
import select
import time

from audience import Audience
from echo import INTERVAL, KEYS, WARM
from ptylib import Pty, median, percentile, stats
from results import Goal
from tmuxpeer import TmuxPeer

MEGABYTES = 20


def keystrokes(audience, count, typists):
    samples, column = [], 0
    for index in range(count + WARM):
        key = KEYS[index % 4:index % 4 + 1]
        if column >= 60:
            audience.terminals[0].write(b"\r")
            audience.settle(0.15, 0.5)
            column = 0
        column += 1
        took = audience.key(typists[index % len(typists)], key)
        if index >= WARM:
            samples.append(took)
        time.sleep(INTERVAL)
    return samples


def flood(audience, file, expected, mark):
    """`cat file` between two marks. Seconds until the last has the end, and for each viewer how much of it was whole."""
    begin, end = b"BEGIN%s:" % mark, b":END%s" % mark
    seconds, kept, took = audience.watch(
        b"printf 'BE%%s%%s:\\n' GIN %s; cat %s; printf ':E%%s%%s\\n' ND %s\r" % (mark, file.encode(), mark), end)
    whole, shares = [], []
    for terminal, pieces in kept.items():
        data = b"".join(pieces)
        body = data.partition(begin + b"\r\n")[2].partition(end)[0]
        whole.append(terminal in took and hashlib.sha1(body).digest() == expected[1])
        shares.append(len(data) / expected[0])
    return {"seconds": seconds if len(took) == len(kept) else None, "whole": whole, "share": shares,
            "each": sorted(took.values())}


def one_round(yard, path, mark, file, expected):
    audience = Audience(path["commands"], path["env"])
    try:
        audience.terminals[0].write(b"stty echo icanon; cat >/dev/null\r")
        time.sleep(0.4)
        audience.settle()
        keys = keystrokes(audience, yard.keys, audience.terminals if path["all type"] else audience.terminals[:1])
        audience.terminals[0].write(b"\r\x04")
        audience.settle()
        audience.terminals[0].write(b"stty -echo; PS1=''\r")
        time.sleep(0.4)
        audience.settle()
        return keys, flood(audience, file, expected, mark)
    finally:
        audience.leave()


def twenty_megabytes(yard):
    """The file, and (bytes, digest) of what a terminal makes of it."""
    with open(yard.bulk_file(), "rb") as file:
        million = file.read(1000 * 1000)
    path = yard.bulk_file() + "20"
    with open(path, "wb") as file:
        for _ in range(MEGABYTES):
            file.write(million)
    shown = million.replace(b"\n", b"\r\n") * MEGABYTES
    return path, (len(shown), hashlib.sha1(shown).digest())


def floor(yard, file, count):
    """Seconds that as many local `cat` need for it: no way of bytes through so many terminals is shorter."""
    go, poll, left, start, kept = file + ".go", select.epoll(), {}, None, []
    script = 'stty -echo; while [ ! -e "$1" ]; do sleep 0.05; done; exec cat "$2"'
    terminals = [Pty(["sh", "-c", script, "sh", go, file], yard.env) for _ in range(count)]
    try:
        time.sleep(0.5)
        for terminal in terminals:
            left[terminal.fd] = terminal
            poll.register(terminal.fd, select.EPOLLIN)
        open(go, "w").close()
        while left:
            for number, _ in poll.poll(5):
                try:
                    kept.append(left[number].read(0))
                    start = start or time.perf_counter()
                except EOFError:
                    poll.unregister(number)
                    del left[number]
        return time.perf_counter() - start
    finally:
        for terminal in terminals:
            terminal.close()
        poll.close()
        os.unlink(go)


def measure(yard, world, result):
    street, ssh = world.street(), world.ssh()
    tmux, count = TmuxPeer(yard, ssh), yard.viewers
    file, expected = twenty_megabytes(yard)
    observing, operating = "one types, %d observe" % (count - 1), "all %d operate" % count
    names = {observing: "o", operating: "p", "tmux": "t"}
    found, least = {name: [] for name in names}, []
    try:
        for turn in range(yard.rounds):
            for name, short in names.items():
                session = "%s%d" % (short, turn)
                (tmux if name == "tmux" else street).create(session)
                if name == "tmux":
                    commands, env = [tmux.terminal(session)] * count, yard.env
                else:
                    more = ["--observe"] if name == observing else []
                    first = street.terminal("box", session)
                    commands, env = [first] + [street.terminal("box", session, *more)] * (count - 1), street.env
                found[name].append(one_round(
                    yard, {"commands": commands, "env": env, "all type": name != observing}, b"%d" % turn, file, expected))
            least.append(floor(yard, file, count))
    finally:
        tmux.close()
    result.raw("floor", least)
    report(yard, result, found, count, median(least))


def report(yard, result, found, count, least):
    p50, p99, seconds, peer = {}, {}, {}, "tmux over ssh"
    for name, rounds in found.items():
        result.raw(name, {"echo": [stats(keys) for keys, _ in rounds], "flood": [flood for _, flood in rounds]})
        p50[name], p99[name] = (median([percentile(keys, p) for keys, _ in rounds]) for p in (50, 99))
        times = [flood["seconds"] for _, flood in rounds]
        seconds[name] = None if None in times else median(times)
        if None in times:
            result.note("%s: not every viewer saw the end of %d MB within a minute" % (name, MEGABYTES))
    for name in found:
        if name == "tmux":
            continue
        result.row("echo at the last of %d viewers, %s, p50" % (count, name), "ms", p50[name], peer, p50["tmux"],
                   Goal(at_most=1.5, of="value"))
        result.row("echo at the last of %d viewers, %s, p99" % (count, name), "ms", p99[name], peer, p99["tmux"])
    for name in found:
        if name == "tmux":
            continue
        result.row("%d MB until the last of %d viewers has the end, %s" % (MEGABYTES, count, name), "s", seconds[name],
                   peer, seconds["tmux"], Goal(at_most=1.7, of="value"))
        result.row("%d MB until the last of %d viewers has the end, %s" % (MEGABYTES, count, name), "s", seconds[name],
                   "%d local cat" % count, least)
        watchers = [whole for _, flood in found[name] for whole in flood["whole"]]
        operators = [flood["whole"][0] for _, flood in found[name]] if "observe" in name else watchers
        result.row("operators who got every byte of it, %s" % name, "%", 100.0 * sum(operators) / len(operators),
                   goal=Goal(at_least=100, of="value"))
        if "observe" in name:
            result.row("viewers who got every byte of it, %s" % name, "%", 100.0 * sum(watchers) / len(watchers))
    drawn = {name: 100 * min(min(flood["share"]) for _, flood in rounds) for name, rounds in found.items()}
    for name in found:
        if name != "tmux":
            result.row("bytes that came, of those printed, at the worst viewer, %s" % name, "%", drawn[name], peer,
                       drawn["tmux"])
    result.note("%d rounds of %d keys, 20 ms apart; where all operate, each types in turn; every viewer is one more "
                "process of the same cores, and so is who reads them; the digest of what came is taken afterwards" % (
                    yard.rounds, yard.keys))
    result.note("tmux: %d × ssh -tt box tmux attach, each a connection of its own; without its status line" % count)
