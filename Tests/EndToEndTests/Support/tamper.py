"""Changes rows of a fleet's trail behind the relay's back: tamper.py DATABASE FLEET STATEMENT…, where :fleet is the fleet."""
import sqlite3
import sys

path, fleet, *statements = sys.argv[1:]
database = sqlite3.connect(path)
for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
    database.execute(f"DROP TRIGGER {name}")
for statement in statements:
    cursor = database.execute(statement, {"fleet": fleet} if ":fleet" in statement else {})
    assert cursor.rowcount != 0, f"nothing was changed: {statement}"
database.commit()
assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
