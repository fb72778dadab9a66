#!/usr/bin/env python3
"""Records what programs print on a terminal, as fixtures for the screen model's tests.

record.py OUTPUT-FOLDER [NAME…]      needs root (namespaces hide this machine's name and processes).
The files hold the bytes as printed, at most 60 KB; the name ends with the size: vim-edit.80x24.
"""
import fcntl, os, pty, re, select, shutil, signal, struct, subprocess, sys, termios, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scenarios import SCENARIOS, prepare

LIMIT = 60_000
ANSWERS = [
    (re.compile(rb"\x1b\[6n"), b"\x1b[1;1R"),
    (re.compile(rb"\x1b\[0?c"), b"\x1b[?62;22c"),
    (re.compile(rb"\x1b\[>0?c"), b"\x1b[>1;10;0c"),
]


def record(name, command, steps, columns=80, rows=24, term="xterm-256color", seconds=15):
    env = {
        "TERM": term, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "HOME": "/tmp/demo/home", "USER": "demo",
        "LOGNAME": "demo", "PATH": "/usr/bin:/bin:/usr/games:/usr/sbin:/sbin", "PS1": "$ ", "SHELL": "/bin/bash",
        "HOSTNAME": "demo", "EDITOR": "vi", "PAGER": "less", "COLORTERM": "truecolor", "HISTFILE": "/dev/null",
    }
    pid, fd = pty.fork()
    if pid == 0:
        os.chdir("/tmp/demo")
        line = f"hostname demo; cd /tmp/demo; {command}"
        os.execvpe("unshare", ["unshare", "--uts", "--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", line], env)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    out, begin = bytearray(), time.time()
    alive = True

    def pump(duration):
        nonlocal alive
        end = time.time() + duration
        while alive and time.time() < end and len(out) < LIMIT:
            ready, _, _ = select.select([fd], [], [], max(0, min(0.05, end - time.time())))
            if not ready:
                continue
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                alive = False
                return
            for pattern, answer in ANSWERS:
                for _ in pattern.findall(data):
                    os.write(fd, answer)
            out.extend(data)

    pump(0.3)
    for step in steps:
        if not alive or len(out) >= LIMIT or time.time() - begin > seconds:
            break
        if isinstance(step, (int, float)):
            pump(step)
        else:
            os.write(fd, step.encode() if isinstance(step, str) else step)
            pump(0.12)
    pump(0.5)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.close(fd)
    os.waitpid(pid, 0)
    return bytes(out[:LIMIT])


def main():
    folder, wanted = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    prepare()
    for name, options in SCENARIOS.items():
        if wanted and name not in wanted:
            continue
        options = dict(options)
        data = record(name, options.pop("run"), options.pop("keys", []), **options)
        size = f"{options.get('columns', 80)}x{options.get('rows', 24)}"
        path = os.path.join(folder, f"{name}.{size}")
        with open(path, "wb") as f:
            f.write(data)
        print(f"{name:24} {size:8} {len(data):6}", flush=True)


main()
