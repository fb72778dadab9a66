"""`cmdop --version`: what it costs that one binary holds everything."""
from ptylib import median, stats
from results import Goal
from yard import program, timed


def measure(yard, world, result):
    paths = {"cmdop": [yard.cmdop, "--version"], "ssh -V": [program("ssh", "openssh-client"), "-V"]}
    samples = {name: [] for name in paths}
    for turn in range(yard.runs + 1):
        for name, command in paths.items():
            took = timed(command, yard.env)
            if turn:
                samples[name].append(took)
    for name, found in samples.items():
        result.raw(name, stats(found))
    result.row("cmdop --version", "ms", median(samples["cmdop"]), "ssh -V", median(samples["ssh -V"]),
               Goal(at_most=30, of="value"))
    result.note("%d runs each, in turn" % yard.runs)
