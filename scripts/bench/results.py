"""What a measure found, as one JSON line that table.py can read."""
import json
import time


class Goal:
    """A reach: `at_most`/`at_least`; of the ratio cmdop : peer, or of cmdop's figure itself."""

    def __init__(self, at_most=None, at_least=None, of="ratio"):
        self.at_most, self.at_least, self.of = at_most, at_least, of

    def describe(self, unit):
        sign, limit = ("≤", self.at_most) if self.at_most is not None else ("≥", self.at_least)
        return "%s %g%s" % (sign, limit, " ×" if self.of == "ratio" else " " + unit)

    def met(self, value, ratio):
        figure = ratio if self.of == "ratio" else value
        if figure is None:
            return None
        return figure <= self.at_most if self.at_most is not None else figure >= self.at_least


class Result:
    def __init__(self, measure, yard):
        self.record = {"kind": "measure", "measure": measure, "rows": [], "notes": [], "raw": {},
                       "settings": yard.settings(), "load_before": load()}

    def row(self, what, unit, cmdop, peer=None, peer_value=None, goal=None):
        """`cmdop` may be a text. Without a goal it is only for the reader."""
        ratio = cmdop / peer_value if peer_value and isinstance(cmdop, (int, float)) else None
        self.record["rows"].append({
            "what": what, "unit": unit, "cmdop": cmdop, "peer": peer, "peer_value": peer_value, "ratio": ratio,
            "reach": goal.describe(unit) if goal else None, "met": goal.met(cmdop, ratio) if goal else None})

    def missing(self, what, unit, cmdop, peer, why):
        self.record["rows"].append({"what": what, "unit": unit, "cmdop": cmdop, "peer": peer, "peer_value": None,
                                    "ratio": None, "reach": None, "met": None})
        self.note("%s: not available: %s" % (peer, why))

    def note(self, text):
        if text not in self.record["notes"]:
            self.record["notes"].append(text)

    def raw(self, name, value):
        self.record["raw"][name] = value

    def finish(self):
        return dict(self.record, load_after=load(), finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))


def load():
    with open("/proc/loadavg") as file:
        return [float(word) for word in file.read().split()[:3]]


def append(path, record):
    with open(path, "a") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
