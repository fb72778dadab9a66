"""Processes that the benchmark starts: what they use, and how every one of them ends again."""
import os
import signal
import sys
import time


def _stat(pid):
    """The fields after the command's name: state, ppid, …"""
    with open("/proc/%d/stat" % pid) as file:
        text = file.read()
    return text[text.rindex(")") + 2:].split()


def birth(pid):
    """With the pid it names a process for good: pids are used again."""
    try:
        return int(_stat(pid)[19])
    except (OSError, ValueError):
        return None


def pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def tree(roots):
    """The roots and all that descends from them."""
    parents = {}
    for pid in pids():
        try:
            parents[pid] = int(_stat(pid)[1])
        except (OSError, ValueError):
            pass
    wanted, grew = {root for root in roots if root in parents}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in wanted} - wanted
        wanted |= more
        grew = bool(more)
    return wanted


def memory(pid):
    """KiB: rss, pss (shared pages split among their users), anonymous (what it allocated itself)."""
    found = {}
    with open("/proc/%d/smaps_rollup" % pid) as file:
        for line in file:
            words = line.split()
            if words[0] in ("Rss:", "Pss:", "Anonymous:"):
                found[words[0][:-1].lower()] = int(words[1])
    return found


def mappings(pid):
    """KiB of its rings (the journals that sessions have in files) and of all else: rss, pss, own (nobody else has them)."""
    found = {kind: {"rss": 0, "pss": 0, "own": 0} for kind in ("rings", "rest")}
    names = {"Rss:": "rss", "Pss:": "pss", "Private_Clean:": "own", "Private_Dirty:": "own"}
    kind = found["rest"]
    with open("/proc/%d/smaps" % pid) as file:
        for line in file:
            words = line.split()
            if words[0] in names:
                kind[names[words[0]]] += int(words[1])
            elif not words[0].endswith(":"):
                kind = found["rings" if len(words) > 5 and words[5].endswith(".ring") else "rest"]
    return found


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def name(pid):
    with open("/proc/%d/comm" % pid) as file:
        return file.read().strip()


def kill(pid, number=signal.SIGKILL):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def rss(pid):
    """KiB; cheap enough to be read while measuring."""
    with open("/proc/%d/statm" % pid) as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds(pid):
    """Nanosecond counters where the kernel has them: the others tick only every 10 ms."""
    total = 0
    try:
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/schedstat" % (pid, task)) as file:
                total += int(file.read().split()[0])
        if total:
            return total / 1e9
    except (FileNotFoundError, IndexError, ValueError):
        pass
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def marked(work):
    """Processes that carry this run's folder in their environment: the daemons, and the shells they started."""
    found, marker = set(), b"BENCH_WORK=" + work.encode()
    for pid in pids():
        try:
            with open("/proc/%d/environ" % pid, "rb") as file:
                if marker in file.read().split(b"\0"):
                    found.add(pid)
        except OSError:
            pass
    return found


def sweep(work):
    """Ends, one by one, what this run started and what descends from it; never the caller and its own parents."""
    known = {}
    try:
        with open(os.path.join(work, "pids")) as file:
            for line in file:
                pid, born = (int(word) for word in line.split())
                known[pid] = born
    except FileNotFoundError:
        pass
    alive = {pid for pid, born in known.items() if birth(pid) == born}
    spared, pid = set(), os.getpid()
    while pid > 1:
        spared.add(pid)
        pid = int(_stat(pid)[1])
    targets = {pid: birth(pid) for pid in tree(alive | marked(work)) - spared}
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid, born in targets.items():
            if born is not None and birth(pid) == born:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        end = time.monotonic() + 3
        while time.monotonic() < end and any(alive_still(pid, born) for pid, born in targets.items()):
            time.sleep(0.05)


def alive_still(pid, born):
    try:
        return birth(pid) == born is not None and _stat(pid)[0] != "Z"
    except OSError:
        return False


if __name__ == "__main__":
    sweep(sys.argv[1])
