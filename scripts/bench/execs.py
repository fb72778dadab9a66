"""A whole `exec box -- true`: from starting the client's process until it has ended."""
from ptylib import median, stats
from results import Goal
from yard import timed


def measure(yard, world, result):
    street, ssh = world.street(), world.ssh()
    ssh.open_connection("boxm")
    paths = {"cmdop": (street.exec("box", "true"), street.env),
             "ssh, cold": (ssh.command("box", "true"), yard.env),
             "ssh, ControlMaster": (ssh.command("boxm", "true"), yard.env),
             "ssh -J, cold": (ssh.command("boxj", "true"), yard.env)}
    samples = {name: [] for name in paths}
    for turn in range(yard.runs + 1):
        for name, (command, env) in paths.items():
            took = timed(command, env)
            if turn:
                samples[name].append(took)
    for name, found in samples.items():
        result.raw(name, stats(found))
    own = median(samples["cmdop"])
    goals = {"ssh, cold": Goal(at_most=0.1), "ssh, ControlMaster": Goal(at_most=3.0)}
    for peer in list(paths)[1:]:
        result.row("exec box -- true", "ms", own, peer, median(samples[peer]), goals.get(peer))
    result.note("%d runs each, in turn; cmdop goes through its daemon and the relay, ssh (but for -J) directly; "
                "the same user and shell, no start-up files" % yard.runs)
