"""Coming to a session that has printed a lot: from starting the client's process until the screen stands as it was left.

The screen is right when its last line and the prompt are there, and the lines above them, in order, each whole."""
import re
import time

from ptylib import Pty, median, percentile, stats
from results import Goal
from tmuxpeer import TmuxPeer

# name → (bytes, in colour)
HISTORIES = {"8 MiB": (8 << 20, False), "8 MiB in colour": (8 << 20, True), "100 MB": (100_000_000, False)}
PROMPT = b"ARRIVED>"
# Lines above the prompt that must be there; a screen of 24 has 23.
CHECKED = 20
QUIET = 0.4
# The last words of a drawing; what comes behind them is output that the drawing did not have.
DRAWN = b"\x1b[?2026l"
ESCAPES = re.compile(rb"\x1b\[[0-9;:?<=>]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]|[\x0e\x0f\x18]")


def history_file(yard, name):
    """Numbered lines; the last ones, as text."""
    size, coloured = HISTORIES[name]
    path, lines, length, number = "%s/history-%s" % (yard.work, name.replace(" ", "-")), [], 0, 0
    while length < size:
        text = "line %09d " % number + "abcdefghijklmnopqrstuvwxyz 0123456789 "[number % 7:] + "ok"
        line = text
        if coloured:
            line = "".join("\033[3%d;4%dm%s" % (at % 8, (at + 3) % 8, word) if at % 2 else "\033[0m" + word
                           for at, word in enumerate(re.split(r"( )", text))) + "\033[0m"
        lines.append(line + "\n")
        length, number = length + len(lines[-1]), number + 1
    with open(path, "w") as file:
        file.writelines(lines)
    return path, [ESCAPES.sub(b"", line.strip().encode()) for line in lines[-CHECKED:]]


def fill(command, env, file):
    """Prints the file in a session, and leaves it with a prompt."""
    terminal = Pty(command, env)
    try:
        terminal.ready()
        terminal.write(b"PS1='AR''RIVED> '; cat %s\r" % file.encode())
        end, tail = time.monotonic() + 120, b""
        # Once before the file, if the line was echoed late, and once after it.
        while not ESCAPES.sub(b"", tail).rstrip().endswith(PROMPT) or b"ok" not in tail:
            if time.monotonic() > end:
                raise TimeoutError("the history was not printed within 2 minutes: %r" % tail[-200:])
            tail = (tail + terminal.read(5))[-4000:]
        terminal.drain(0.5, 5)
    except BaseException:
        terminal.leave()
        raise
    return terminal


def shown(data, lines):
    """Whether these lines and then the prompt stand there."""
    text, at = ESCAPES.sub(b"", data), 0
    for line in lines + [PROMPT]:
        at = text.find(line, at)
        if at < 0:
            return False
        at += len(line)
    return True


def arrive(command, env, lines):
    """ms until the screen was right, the bytes that were sent in all, and those behind a drawing."""
    terminal = Pty(command, env)
    try:
        seen, came = bytearray(), None
        end = time.perf_counter() + 20
        while came is None:
            piece, now = terminal.read(max(0, end - time.perf_counter())), time.perf_counter()
            seen += piece
            if PROMPT in piece or PROMPT in seen[-(len(piece) + 2000):]:
                came = now if shown(bytes(seen), lines) else None
            if now > end:
                raise TimeoutError("the screen did not come to stand as it was left within 20 s; the last of %d bytes: %r"
                                   % (len(seen), bytes(seen[-300:])))
        seen += terminal.drain(QUIET, 5)
        drawn = seen.rfind(DRAWN)
        return (came - terminal.started) * 1000, len(seen), len(seen) - drawn - len(DRAWN) if drawn >= 0 else None
    finally:
        terminal.close()


def measure(yard, world, result):
    street, ssh = world.street(), world.ssh()
    ssh.open_connection("boxm")
    tmux = TmuxPeer(yard, ssh)
    try:
        for turn, name in enumerate(HISTORIES):
            one_history(yard, result, street, tmux, name, "arrival%d" % turn)
    finally:
        tmux.close()
    result.note("%d arrivals each, in turn; from the start of the client's process until the last %d lines and the prompt "
                "have come; bytes: all that was sent to the terminal" % (yard.runs, CHECKED))
    result.note("tmux keeps 2000 lines of history, as it comes, and draws none of it on arrival; cmdop draws what is above "
                "the screen into the terminal's scrollback, up to 64 KiB in all")


def one_history(yard, result, street, tmux, name, session):
    file, lines = history_file(yard, name)
    street.create(session)
    tmux.create(session)
    paths = {"cmdop": (street.terminal("box", session), street.env),
             "ssh, cold: tmux attach": (tmux.terminal(session), yard.env),
             "ssh, open connection: tmux attach": (tmux.terminal(session, "boxm"), yard.env)}
    filled, times, sizes = [], {who: [] for who in paths}, {who: [] for who in paths}
    try:
        for who in list(paths)[:2]:
            filled.append(fill(*paths[who], file))
            # Who arrives is alone.
            filled[-1].close()
        time.sleep(1)
        for turn in range(yard.runs + 1):
            for who, (command, env) in paths.items():
                took, size, behind = arrive(command, env, lines)
                sizes[who].append(size)
                if who == "cmdop" and size > 64 * 1024:
                    result.note("after %s, arrival %d: %d bytes came, %s of them behind the drawing" % (
                        name, turn + 1, size, behind))
                if turn:
                    times[who].append(took)
    finally:
        for terminal in filled:
            terminal.end_far()
    for who, found in times.items():
        result.raw("%s: %s" % (name, who), {"ms": stats(found), "bytes": stats(sizes[who])})
    own, what = median(times["cmdop"]), "arrival after %s of output" % name
    result.row(what + ", p50", "ms", own, goal=Goal(at_most=100, of="value"))
    for who in list(paths)[1:]:
        result.row(what + ", p50", "ms", own, who, median(times[who]), Goal(at_most=1.0))
    result.row(what + ", p99", "ms", percentile(times["cmdop"], 99), list(paths)[2],
               percentile(times[list(paths)[2]], 99))
    result.row(what + ", bytes sent", "KiB", max(sizes["cmdop"]) / 1024, list(paths)[1],
               max(sizes[list(paths)[1]]) / 1024, Goal(at_most=64, of="value"))
