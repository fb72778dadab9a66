"""A command on a local pseudo-terminal, and figures from samples.

Nothing here knows which product is under test: the caller passes the command that opens an interactive shell
(ssh -tt host, cmdop connect host, …).
"""
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import processes


class Pty:
    def __init__(self, argv, env=None, rows=24, cols=80):
        self.argv = argv
        self.started = time.perf_counter()
        pid, fd = pty.fork()
        if pid == 0:
            try:
                environment = dict(os.environ if env is None else env)
                environment.setdefault("TERM", "xterm-256color")
                os.execvpe(argv[0], argv, environment)
            except Exception as error:
                os.write(2, ("exec failed: %r\n" % error).encode())
            os._exit(127)
        self.pid, self.fd = pid, fd
        # The shell on the far side, once ready(): here as well, for everything is on loopback.
        self.far, self.shell = None, "?"
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def write(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def read(self, timeout):
        """What is there, at the latest after `timeout` s; empty: nothing."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 1 << 18)
        except OSError as error:
            if error.errno == errno.EIO:
                raise EOFError("%s ended" % self.argv[0]) from None
            raise
        if not data:
            raise EOFError("%s ended" % self.argv[0])
        return data

    def drain(self, quiet=0.25, longest=10.0):
        """Reads until `quiet` s pass without output."""
        seen, end = bytearray(), time.monotonic() + longest
        while time.monotonic() < end:
            data = self.read(quiet)
            if not data:
                break
            seen += data
        return bytes(seen)

    def ready(self, timeout=30.0):
        """Types until the shell on the far side answers; s since the start of the command.

        The shell assembles the answer, so the echo of what was typed does not match."""
        deadline, typed, seen, answer = time.perf_counter() + timeout, 0.0, bytearray(), None
        while not answer:
            now = time.perf_counter()
            if now > deadline:
                raise TimeoutError("no shell after %d s: %r" % (timeout, bytes(seen[-400:])))
            if now - typed > 0.15:
                self.write(b"printf 'R%s<%s %s %s>\\n' EADY $$ \"$0\" \"$BASH_VERSION\"\r")
                typed = now
            try:
                seen += self.read(0.02)
            except EOFError:
                raise EOFError("%s ended: %r" % (self.argv[0], bytes(seen[-400:]))) from None
            answer = re.search(rb"READY<(\d+) (.*?)>", seen)
        took = time.perf_counter() - self.started
        pid = int(answer.group(1))
        self.far, self.shell = (pid, processes.birth(pid)), answer.group(2).decode()
        self.drain(0.3)
        return took

    def end_far(self):
        """Kills the far side's shell, and whatever it does: a terminal of cmdop outlives its viewer."""
        for pid in processes.tree([self.far[0]]) if self.far and processes.birth(self.far[0]) == self.far[1] else ():
            processes.kill(pid)

    def leave(self):
        """Ends the far side's shell, then the command."""
        if self.far:
            self.end_far()
            end = time.monotonic() + 3
            try:
                while time.monotonic() < end:
                    self.read(0.2)
            except (EOFError, OSError):
                pass
        self.close()

    def close(self):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            if self._reaped(2.0):
                break
        try:
            os.close(self.fd)
        except OSError:
            pass

    def _reaped(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    return True
            except ChildProcessError:
                return True
            time.sleep(0.02)
        return False


def percentile(samples, p):
    samples = sorted(samples)
    if not samples:
        return float("nan")
    k = (len(samples) - 1) * p / 100.0
    low = int(k)
    high = min(low + 1, len(samples) - 1)
    return samples[low] + (samples[high] - samples[low]) * (k - low)


def median(samples):
    return percentile(samples, 50)


def stats(samples):
    return {"n": len(samples), "min": min(samples), "p50": percentile(samples, 50), "p95": percentile(samples, 95),
            "p99": percentile(samples, 99), "max": max(samples)}
