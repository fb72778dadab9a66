"""What sessions cost the machine that keeps them: 500 that do nothing, then thousands that come and go.

Counted are the pages that only the daemon, or only the keeper, has; the rings (each session's journal, pages of a file) by
themselves; the programs in the sessions not at all."""
import time
from concurrent.futures import ThreadPoolExecutor

import processes
from ptylib import Pty
from results import Goal
from street import Street
from yard import until

AT_ONCE = 8
TRIES = 4
SETTLE = 5
# So many come and go before growth is counted: what a process allocates once is not a leak.
WARM = 200
CONNECTIONS = 20
# Sessions with a screen full, and something above it.
SPEAKING, LINES = 100, 1000
SPEECH = "seq -f 'line %%05.0f abcdefghijklmnopqrstuvwxyz' %d; exec sleep 100000" % LINES


class Machine:
    """The daemon and the keeper of the machine with the sessions."""

    def __init__(self, street):
        self.pids = {"daemon": street.daemon_pid("box"), "keeper": street.keeper_pid("box")}
        self.pids["relay"] = street.relay_pid

    def size(self):
        time.sleep(SETTLE)
        return {name: dict(processes.mappings(pid), descriptors=processes.descriptors(pid))
                for name, pid in self.pids.items()}


def own(size, *names, of="rest", key="own"):
    return sum(size[name][of][key] for name in names)


class Refusals:
    """Orders that failed: each is tried again, and counted."""

    def __init__(self):
        self.orders, self.texts = 0, []

    def insist(self, do, *words):
        self.orders += 1
        for turn in range(TRIES):
            try:
                return do(*words)
            except RuntimeError as error:
                self.texts.append(str(error))
                if turn + 1 == TRIES:
                    raise
                time.sleep(0.1)


def many(count, do):
    """do(1) … do(count), several at once; the first failure is raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(do, range(1, count + 1)):
            pass


def come_and_go(street, refusals, count, prefix):
    """Half of them end by themselves, half are ended."""
    def one(number):
        name = "%s%d" % (prefix, number)
        if number % 2:
            refusals.insist(street.create, name, "true")
        else:
            refusals.insist(street.create, name, "sleep", "100000")
            refusals.insist(street.destroy, name)
    begin = time.perf_counter()
    many(count, one)
    gone(street, 0)
    return time.perf_counter() - begin


def gone(street, left):
    def ask():
        living = len(street.living())
        if living > left:
            raise RuntimeError("%d sessions live, and only %d should" % (living, left))
        return True
    until(ask, 60, 0.5)


def connections_of_ssh(ssh):
    """KiB of PSS per connection of sshd, its shells not counted."""
    def size():
        time.sleep(SETTLE / 2)
        pids = [pid for pid in processes.tree([listener]) if processes.name(pid).startswith("sshd")]
        return sum(processes.memory(pid)["pss"] for pid in pids), len(pids)
    listener, terminals = ssh.daemons["target"].pid, []
    before, _ = size()
    try:
        for _ in range(CONNECTIONS):
            terminals.append(Pty(ssh.terminal("box"), ssh.yard.env))
        for terminal in terminals:
            terminal.ready()
        after, count = size()
        return {"pss": (after - before) / CONNECTIONS, "processes": (count - 1) / CONNECTIONS}
    finally:
        for terminal in terminals:
            terminal.leave()


def filled(street, refusals, machine, none, count, prefix, *command):
    """Their size while they live, beyond that of none, in KiB for each; then they are ended."""
    begin = time.perf_counter()
    many(count, lambda number: refusals.insist(street.create, "%s%d" % (prefix, number), *command))
    took = time.perf_counter() - begin
    living = len(street.living())
    if living != count:
        raise RuntimeError("%d sessions live instead of %d" % (living, count))
    full = machine.size()
    street.end_sessions()
    gone(street, 0)
    both, found = ("daemon", "keeper"), {"count": count, "size": full, "created_s": took}
    found["own"] = (own(full, *both) - own(none, *both)) / count
    found["rings"] = (own(full, *both, of="rings") - own(none, *both, of="rings")) / count
    found["relay"] = (own(full, "relay") - own(none, "relay")) / count
    found["pss"] = sum(own(full, *both, of=of, key="pss") - own(none, *both, of=of, key="pss")
                       for of in ("rings", "rest")) / count
    return found


def with_machine(yard, do):
    """do(street, machine, its size without a session), on a fresh one."""
    street = Street(yard, machine_env={"CMDOP_MAX_SESSIONS": str(max(1000, 2 * yard.sessions))})
    try:
        # The keeper comes with the first session; it stays while its daemon is there.
        street.create("first", "true")
        machine = Machine(street)
        gone(street, 0)
        return do(street, machine, machine.size())
    finally:
        street.close()


def report_idle(yard, result, none, silent, spoke, after):
    result.raw("idle", {"none": none, "silent": silent, "spoke": spoke, "after": after})
    for what, found in (("silent", silent), ("that printed %d lines" % LINES, spoke)):
        name = "idle session, %s, of %d" % (what, found["count"])
        result.row("private memory of daemon and keeper per %s" % name, "KiB", found["own"],
                   goal=Goal(at_most=300, of="value"))
        result.row("touched pages of its ring per %s" % name, "KiB", found["rings"])
    for name, size in (("no session", none), ("%d sessions" % yard.sessions, silent["size"])):
        result.row("keeper's private memory, %s" % name, "MiB", own(size, "keeper") / 1024,
                   goal=Goal(at_most=8, of="value"))
    result.row("daemon's private memory, no session", "MiB", own(none, "daemon") / 1024)
    result.row("relay's private memory per idle session", "KiB", silent["relay"])
    result.row("daemon and keeper after %d have ended: more private memory than before" % yard.sessions, "MiB",
               (own(after, "daemon", "keeper") - own(none, "daemon", "keeper")) / 1024)
    result.note("private: pages that no other process has, rings not counted; sessions of `sleep`, created %d at a time in "
                "%.1f s; figures %d s later" % (AT_ONCE, silent["created_s"], SETTLE))


def churn(yard, street, machine, refusals, result):
    count, both = yard.churn, ("daemon", "keeper")
    come_and_go(street, refusals, WARM, "w")
    before = machine.size()
    took = come_and_go(street, refusals, count, "c")
    after = machine.size()
    result.raw("churn", {"before": before, "after": after, "seconds": took})
    for name in both + ("relay",):
        result.row("%s's growth over %d sessions that came and went" % (name, count), "MiB",
                   (own(after, name) - own(before, name)) / 1024)
    result.row("descriptors left open by them, daemon and keeper", "", sum(
        after[name]["descriptors"] - before[name]["descriptors"] for name in both))
    result.row("rings left mapped by them", "KiB", own(after, *both, of="rings") - own(before, *both, of="rings"))
    result.note("half of the %d ended by themselves, half were destroyed; %.0f per second; after %d to warm up; "
                "BENCH_LONG=1 takes 10000" % (count, count / took, WARM))


def measure(yard, world, result):
    world.clear()
    refusals = Refusals()

    def speaking(street, machine, none):
        return filled(street, refusals, machine, none, min(SPEAKING, yard.sessions), "spoke", "sh", "-c", SPEECH)
    spoke = with_machine(yard, speaking)

    def many_and_then_churn(street, machine, none):
        silent = filled(street, refusals, machine, none, yard.sessions, "idle", "sleep", "100000")
        report_idle(yard, result, none, silent, spoke, machine.size())
        churn(yard, street, machine, refusals, result)
        return silent
    silent = with_machine(yard, many_and_then_churn)
    result.raw("refusals", refusals.texts)
    result.row("orders that failed at first, of %d (%d at a time)" % (refusals.orders, AT_ONCE), "orders",
               len(refusals.texts), goal=Goal(at_most=0, of="value"))
    if refusals.texts:
        result.note("the first that failed: %s" % " ".join(refusals.texts[0].split()))
    peer = connections_of_ssh(world.ssh())
    result.raw("sshd", peer)
    result.row("memory per session, shared pages split (PSS), with the ring", "KiB", silent["pss"],
               "sshd per connection, of %d" % CONNECTIONS, peer["pss"])
    result.note("sshd: %g processes per connection" % peer["processes"])
