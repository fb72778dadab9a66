"""Renders the results as the Markdown of docs/performance.md: table.py RESULTS.jsonl"""
import json
import sys

HEAD = ["| what | cmdop | against, in the same run | ratio | reach | reached |", "|---|--:|---|--:|--:|:-:|"]


def read(path):
    """The newest of each measure, in the order of the first; and the newest surroundings."""
    found, around = {}, None
    with open(path) as file:
        for line in file:
            record = json.loads(line)
            if record["kind"] == "surroundings":
                around = record
            elif record["kind"] == "measure":
                found[record["measure"]] = record
    return ([around] if around else []) + list(found.values())


def figure(value, unit):
    if value is None:
        return "not available"
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return ("%d %s" % (value, unit)).strip()
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return ("%.*f %s" % (digits, value, unit)).strip()


def lines(records):
    for record in records:
        for row in record.get("rows", []):
            peer = "–" if not row["peer"] else "%s: %s" % (row["peer"], figure(row["peer_value"], row["unit"]))
            yield "| %s | %s | %s | %s | %s | %s |" % (
                row["what"], figure(row["cmdop"], row["unit"]), peer,
                "%.2f ×" % row["ratio"] if row["ratio"] is not None else "–", row["reach"] or "–",
                {True: "yes", False: "**no**", None: ""}[row["met"]])


def render(records):
    text = []
    for record in records:
        if record["kind"] == "surroundings":
            text += ["%s · %d cores · %s · Linux %s · %s · %s (%s) · %s" % (
                record["cpu"], record["cores"], record["system"], record["kernel"], record["ssh"], record["cmdop"],
                record["commit"], record["started"]), ""]
            if record["load"][0] > record["cores"] / 4:
                text += ["**The machine was not quiet:** load %.1f when it started." % record["load"][0], ""]
            usual = {"rounds": 5, "keys": 200, "runs": 20, "outages": 5, "viewers": 10, "sessions": 500, "churn": 2000,
                     "crowd": 64}
            if any(record["settings"].get(name, least) < least for name, least in usual.items()):
                text += ["**A shortened run**, to try the harness; its figures are not for the record.", ""]
    text += HEAD + list(lines(records)) + [""]
    for record in records:
        for note in record.get("notes", []):
            text.append("- *%s*: %s." % (record["measure"], note))
    return "\n".join(text)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: table.py RESULTS.jsonl")
    print(render(read(sys.argv[1])))
