"""`true` on many machines at once: the whole command, until the last machine has answered."""
from ptylib import median, stats
from results import Goal
from yard import Missing, program, timed


def measure(yard, world, result):
    street, ssh = world.many_machines(), world.ssh()
    count = yard.machines
    numbers = range(1, count + 1)
    for number in numbers:
        ssh.open_connection("o%d" % number)
    each = " & ".join("%s -F %s o%d true" % (ssh.ssh, ssh.config, number) for number in numbers)
    paths = {"cmdop": ([yard.cmdop, "exec", "--all", "--", "true"], street.env),
             "%d ssh, open connections" % count: (["sh", "-c", each + " & wait"], yard.env)}
    try:
        paths["clush"] = ([program("clush", "clustershell"), "-q", "-S", "-f", str(count), "-o", "-F " + ssh.config,
                           "-w", "m[1-%d]" % count, "true"], yard.env)
    except Missing as missing:
        result.note("clush: not available: %s" % missing)
    try:
        hosts = [word for number in numbers for word in ("-H", "m%d" % number)]
        paths["pssh"] = ([program("parallel-ssh", "pssh"), "-p", str(count), "-x", "-F " + ssh.config, *hosts,
                          "true"], yard.env)
    except Missing as missing:
        result.note("pssh: not available: %s" % missing)
    everywhere = yard.run([yard.cmdop, "exec", "--all", "--", "echo", "bench-was-here"], street.env)
    answers = everywhere.count("bench-was-here")
    if answers < count:
        raise RuntimeError("exec --all reached %d machines instead of %d" % (answers, count))
    samples = {name: [] for name in paths}
    for turn in range(max(yard.rounds, 5) + 1):
        for name, (command, env) in paths.items():
            took = timed(command, env)
            if turn:
                samples[name].append(took)
    for name, found in samples.items():
        result.raw(name, stats(found))
    own = median(samples["cmdop"])
    for peer in list(paths)[1:]:
        goal = Goal(at_most=0.1) if peer == "clush" else Goal(at_most=2.0) if "open" in peer else None
        result.row("true on %d machines" % count, "ms", own, peer, median(samples[peer]), goal)
    result.note("cmdop answered from %d machines (the client's own is one more); "
                "the targets of ssh are names of one sshd" % answers)
