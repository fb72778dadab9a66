#!/usr/bin/env python3
"""Writes Sources/Core/CharacterWidth+Ranges.swift. Needs `pip install unicodedata2`."""
import unicodedata2 as u

# Prepended marks (Arabic number signs and the like) stand for themselves; a soft hyphen is shown by terminals.
PREPENDED = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd, 0xad}


def zero(c):
    category = u.category(chr(c))
    if c in PREPENDED:
        return False
    if category in ("Mn", "Me", "Cf", "Zl", "Zp"):
        return True
    return 0x1160 <= c <= 0x11ff or 0xd7b0 <= c <= 0xd7c6 or 0xd7cb <= c <= 0xd7fb or c == 0x3164


def wide(c):
    if zero(c):
        return False
    return u.east_asian_width(chr(c)) in "WF" or 0x20000 <= c <= 0x2fffd or 0x30000 <= c <= 0x3fffd


def ranges(test):
    out, start = [], None
    for c in range(0x110001):
        inside = c < 0x110000 and not 0xd800 <= c <= 0xdfff and test(c)
        if inside and start is None:
            start = c
        if not inside and start is not None:
            out += [start, c - 1]
            start = None
    return out


def table(name, comment, values):
    lines, line = [], "   "
    for v in values:
        word = f" 0x{v:x},"
        if len(line) + len(word) > 118:
            lines.append(line)
            line = "   "
        line += word
    lines.append(line)
    return f"  /// {comment}\n  static let {name}: [UInt32] = [\n" + "\n".join(lines) + "\n  ]\n"


with open("Sources/Core/CharacterWidth+Ranges.swift", "w") as f:
    f.write(f"""// Made by scripts/screen/widths.py from Unicode {u.unidata_version}. First and last of each range, in order.
// swift-format-ignore
extension CharacterWidth {{
""")
    f.write(table("zero", "Nonspacing and enclosing marks, format characters, conjoining Hangul vowels and finals.", ranges(zero)))
    f.write(table("wide", "East Asian Width W and F, which holds emoji.", ranges(wide)))
    f.write("}\n")
