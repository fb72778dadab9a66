"""A network that can go away: a TCP proxy before the relay, with a port for machines and one for clients.

It runs as a process of its own, so that nothing of the benchmark holds a byte up. Orders come on stdin, one a line; each is
answered on stdout with the time at which it was done, of the clock that all processes share (time.perf_counter).

- `lead PORT`      where the relay is
- `cut reset SIDE…`  every connection of these sides gets a RST, and so does every new one
- `cut hole SIDE…`   no connection is closed, but what is under way, also on new ones, vanishes
- `heal`           connections from now on pass; those of a hole stay deaf for ever
- `count`          how many connections were made so far, in place of a time
"""
import os
import select
import socket
import struct
import subprocess
import sys
import time

SIDES = ("machines", "clients")
PIECE = 1 << 16
# A receiver that does not read holds its sender up, as TCP would.
MOST_UNSENT = 1 << 20


class Ways:
    """The proxy, for whoever measures."""

    def __init__(self, yard):
        with open(os.path.join(yard.work, "outage.log"), "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env=yard.env, start_new_session=True)
        yard.remember(self.process.pid)
        self.machines, self.clients = (int(word) for word in self._answer().split())

    def _answer(self):
        line = self.process.stdout.readline().decode()
        if not line:
            raise RuntimeError("the proxy before the relay ended: see outage.log")
        return line

    def _order(self, *words):
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        return float(self._answer())

    def lead(self, port):
        self._order("lead", port)

    def cut(self, how, sides):
        return self._order("cut", how, *sides)

    def heal(self):
        """The time of the network's return."""
        return self._order("heal")

    def connections(self):
        return int(self._order("count"))

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class End:
    """One end of a connection through the proxy; `other` is None where bytes vanish."""

    def __init__(self, plug, side, other=None):
        self.plug, self.side, self.other = plug, side, other
        self.unsent, self.is_over = bytearray(), False


class Proxy:
    def __init__(self):
        self.poll, self.ends, self.relay, self.outage, self.count = select.epoll(), {}, None, {}, 0
        self.listeners = {}
        for side in SIDES:
            plug = socket.create_server(("127.0.0.1", 0), backlog=256)
            plug.setblocking(False)
            self.listeners[plug.fileno()] = (plug, side)
            self.poll.register(plug.fileno(), select.EPOLLIN)
        self.poll.register(0, select.EPOLLIN)
        print(*(plug.getsockname()[1] for plug, _ in self.listeners.values()), flush=True)

    def run(self):
        orders = b""
        while True:
            for number, what in self.poll.poll():
                if number == 0:
                    piece = os.read(0, 4096)
                    if not piece:
                        return
                    *lines, orders = (orders + piece).split(b"\n")
                    for line in lines:
                        print(repr(self.obey(*line.decode().split())), flush=True)
                elif number in self.listeners:
                    self.admit(*self.listeners[number])
                elif number in self.ends:
                    self.serve(self.ends[number], what)

    def obey(self, order, *words):
        if order == "lead":
            self.relay = ("127.0.0.1", int(words[0]))
        elif order == "cut":
            how, *sides = words
            self.outage = dict.fromkeys(sides, how)
            for end in [end for end in self.ends.values() if end.side in sides]:
                if how == "reset":
                    self.drop(end, reset=True)
                else:
                    end.other, end.unsent = None, bytearray()
                    self.watch(end)
        elif order == "heal":
            self.outage = {}
        elif order == "count":
            return self.count
        else:
            raise ValueError(order)
        return time.perf_counter()

    def admit(self, listener, side):
        while True:
            try:
                plug, _ = listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue
            self.count += 1
            near, how = End(plug, side), self.outage.get(side)
            if how == "reset":
                self.drop(near, reset=True)
                continue
            self.take(near)
            if how == "hole":
                continue
            try:
                far = End(socket.create_connection(self.relay, timeout=1), side, near)
            except OSError:
                self.drop(near, reset=True)
                continue
            near.other = far
            self.take(far)

    def take(self, end):
        end.plug.setblocking(False)
        end.plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ends[end.plug.fileno()] = end
        self.poll.register(end.plug.fileno(), select.EPOLLIN)

    def watch(self, end):
        """Writes what is unsent; reads while the other side takes it, or where it vanishes anyway."""
        if end.plug.fileno() >= 0:
            reads = not end.is_over and (end.other is None or len(end.other.unsent) < MOST_UNSENT)
            self.poll.modify(end.plug.fileno(), (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if end.unsent else 0))

    def serve(self, end, what):
        try:
            if what & select.EPOLLOUT and end.unsent:
                self.send(end)
            if what & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self.receive(end)
        except BlockingIOError:
            pass
        except OSError:
            # In a hole the other end does not learn of it.
            other = end.other
            self.drop(end)
            if other:
                self.drop(other, reset=True)

    def receive(self, end):
        piece, other = end.plug.recv(PIECE), end.other
        if other is None:
            if not piece:
                self.drop(end)
            return
        if piece:
            other.unsent += piece
            self.send(other)
            self.watch(end)
            return
        end.is_over = True
        self.watch(end)
        self.finish(other)

    def send(self, end):
        if end.unsent:
            try:
                del end.unsent[:end.plug.send(end.unsent)]
            except BlockingIOError:
                pass
        self.watch(end)
        if end.other:
            self.watch(end.other)
            self.finish(end)

    def finish(self, end):
        """Passes on that the other side has nothing more to say, once it is said."""
        if end.other and end.other.is_over and not end.unsent:
            if end.is_over:
                self.drop(end.other)
                self.drop(end)
            else:
                end.plug.shutdown(socket.SHUT_WR)

    def drop(self, end, reset=False):
        if end.plug.fileno() < 0:
            return
        if self.ends.pop(end.plug.fileno(), None):
            self.poll.unregister(end.plug.fileno())
        if reset:
            end.plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.plug.close()


if __name__ == "__main__":
    Proxy().run()
