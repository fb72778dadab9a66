"""The release binary as a file: its size, what it needs at run time, whether it is stripped."""
import os
import struct
import subprocess

from results import Goal


def sections(path):
    """Names of an ELF file's sections; None: not a 64-bit little-endian ELF file."""
    with open(path, "rb") as file:
        head = file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            return None
        offset, = struct.unpack_from("<Q", head, 40)
        size, count, names = struct.unpack_from("<HHH", head, 58)
        file.seek(offset)
        table = file.read(size * count)
        start, length = struct.unpack_from("<QQ", table, names * size + 24)
        file.seek(start)
        text = file.read(length)
    found = {}
    for index in range(count):
        name, = struct.unpack_from("<I", table, index * size)
        found[text[name:text.index(b"\0", name)].decode()] = struct.unpack_from("<Q", table, index * size + 32)[0]
    return found


def libraries(path):
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


def holds(path, needle):
    tail = b""
    with open(path, "rb") as file:
        while True:
            block = file.read(1 << 20)
            if not block:
                return False
            if needle in tail + block:
                return True
            tail = block[-len(needle):]


def measure(yard, world, result):
    size = os.path.getsize(yard.cmdop) / 1048576
    needs, parts = libraries(yard.cmdop), sections(yard.cmdop)
    result.row("release binary, size", "MiB", size, goal=Goal(at_most=100, of="value"))
    result.row("release binary, libraries at run time", "", ", ".join(os.path.basename(name) for name in needs))
    if parts is None:
        result.row("release binary, stripped", "", "not an ELF file")
    else:
        result.row("release binary, stripped", "", "no" if ".symtab" in parts else "yes")
        result.raw("sections_MiB", {name: round(length / 1048576, 2) for name, length in sorted(
            parts.items(), key=lambda part: -part[1])[:12]})
    foreign = [name for name in needs if "swift" in name.lower() or "Foundation" in name]
    if foreign:
        result.note("needs a Swift toolchain's libraries: " + ", ".join(foreign))
    result.note("ICU data inside (full Foundation is linked): %s" % ("yes" if holds(yard.cmdop, b"icudt") else "no"))
