"""Several terminals that look at one session, read by one poll."""
import select
import time

from ptylib import Pty

PATIENCE = 60


class Audience:
    def __init__(self, commands, env):
        """The first of the commands may type; what it runs are shells."""
        self.terminals, self.poll, self.last, self.seats = [], select.epoll(), {}, {}
        try:
            for command in commands:
                self.terminals.append(Pty(command, env))
                self._seat(self.terminals[-1])
            self._wait_for_all()
        except BaseException:
            self.leave()
            raise

    def _seat(self, terminal):
        """One after the other: so many at once would be another measure."""
        self.last[terminal] = b""
        if terminal is self.terminals[0]:
            terminal.ready()
        else:
            self.last[terminal] = terminal.read(10)
            if not self.last[terminal]:
                raise TimeoutError("%s: no screen within 10 s" % " ".join(terminal.argv))
        self.seats[terminal.fd] = terminal
        self.poll.register(terminal.fd, select.EPOLLIN)

    def pieces(self, timeout):
        """(terminal, bytes) of all that have something."""
        for number, _ in self.poll.poll(timeout):
            terminal = self.seats[number]
            try:
                self.last[terminal] = terminal.read(0)
            except EOFError:
                raise RuntimeError("viewer %d of %d ended: %s: %r" % (
                    self.terminals.index(terminal) + 1, len(self.terminals), " ".join(terminal.argv),
                    self.last[terminal][-300:])) from None
            yield terminal, self.last[terminal]

    def _wait_for_all(self):
        end, turn = time.monotonic() + PATIENCE, 0
        while time.monotonic() < end:
            turn += 1
            mark = b"SEEN%d#" % turn
            missing, tails = set(self.terminals), dict.fromkeys(self.terminals, b"")
            self.terminals[0].write(b"printf 'SE%%s%%s#\\n' EN %d\r" % turn)
            soon = time.monotonic() + 1
            while missing and time.monotonic() < soon:
                for terminal, piece in self.pieces(0.1):
                    tails[terminal] = (tails[terminal] + piece)[-200:]
                    if mark in tails[terminal]:
                        missing.discard(terminal)
            if not missing:
                return self.settle(0.5)
        raise TimeoutError("%d of %d viewers see nothing of the session: %s" % (
            len(missing), len(self.terminals), " ".join(self.terminals[-1].argv)))

    def settle(self, quiet=0.3, longest=5):
        """Reads until nothing comes any more."""
        end = time.monotonic() + longest
        while time.monotonic() < end and list(self.pieces(quiet)):
            pass

    def key(self, typist, key, patience=5):
        """ms until all have shown it."""
        missing, start = set(self.terminals), time.perf_counter()
        typist.write(key)
        while missing:
            left = start + patience - time.perf_counter()
            if left <= 0:
                raise TimeoutError("%d of %d viewers did not show a keystroke within %d s" % (
                    len(missing), len(self.terminals), patience))
            for terminal, piece in self.pieces(left):
                if key in piece:
                    missing.discard(terminal)
        return (time.perf_counter() - start) * 1000

    def watch(self, line, end, patience=PATIENCE):
        """Types a line; until all have shown `end`. Seconds, and for each terminal what came, and the seconds it took."""
        kept = {terminal: [] for terminal in self.terminals}
        missing, last, start = set(self.terminals), dict.fromkeys(self.terminals, b""), time.perf_counter()
        took = {}
        self.terminals[0].write(line)
        while missing:
            left = start + patience - time.perf_counter()
            if left <= 0:
                break
            for terminal, piece in self.pieces(left):
                kept[terminal].append(piece)
                if terminal in missing:
                    if end in piece or end in last[terminal] + piece[:len(end)]:
                        missing.discard(terminal)
                        took[terminal] = time.perf_counter() - start
                    last[terminal] = (last[terminal] + piece if len(piece) < len(end) else piece)[-len(end):]
        return time.perf_counter() - start, kept, took

    def leave(self):
        for terminal in self.terminals[:1]:
            terminal.leave()
        for terminal in self.terminals[1:]:
            terminal.close()
        self.poll.close()
