"""cmdop on loopback: a relay, machines behind it, and a client with a daemon of its own, each in a throwaway home.

The way of a keystroke is CLI → the client's daemon → relay → the machine's daemon → its shell.
"""
import base64
import json
import os

import processes
from yard import Failed, until


class Street:
    def __init__(self, yard, machines=("box",), client=True, ways=None, machine_env=None):
        """`ways`: the ports by which machines and clients reach the relay, with `lead(port)` to be told where it is.
        `machine_env`: more for the machines' daemons."""
        self.yard, self.homes = yard, {}
        self.machine_env = machine_env or {}
        self.relay_home = yard.folder("r")
        relay_env = self.environment(self.relay_home)
        advertise = ["--advertise", "127.0.0.1:%d" % ways.machines] if ways else []
        self.relay = yard.start(
            many_files([yard.cmdop, "relay", "serve", "--host", "127.0.0.1", "--port", "0", *advertise]),
            os.path.join(self.relay_home, "log"), relay_env)
        status = until(self._status)
        self.port, self.address = int(status["port"]), status.get("address", "")
        if ways:
            ways.lead(self.port)
        # The shell in between replaces itself, but the relay may have its own idea of what its process is.
        self.relay_pid = int(status.get("pid") or self.relay.pid)
        self.join_key = yard.run([yard.cmdop, "relay", "join-key"], relay_env).strip()
        self.token = yard.run([yard.cmdop, "relay", "token"], relay_env).strip()
        self.client_home = None
        for name in machines:
            self.add(name, more=self.machine_env)
        if client:
            self.client_home = self.add("desk", other_port(self.join_key, ways.machines, ways.clients) if ways else None)
        self.env = self.environment(self.client_home or yard.folder("c"), CMDOP_TOKEN=self.token)
        for name in machines:
            until(lambda: not yard.quiet(self.exec(name, "true"), self.env))

    def environment(self, home, **more):
        return dict(self.yard.env, CMDOP_HOME=home, **more)

    def _status(self):
        if self.relay.poll() is not None:
            with open(os.path.join(self.relay_home, "log"), errors="replace") as file:
                raise Failed("the relay ended: %s" % file.read()[-1000:])
        status = json.loads(self.yard.run([self.yard.cmdop, "relay", "status", "--json"],
                                          self.environment(self.relay_home)))
        return status if status.get("port") else None

    def add(self, name, join_key=None, more=None):
        home = self.homes[name] = self.yard.folder("h")
        env = self.environment(home, **(more or {}))
        self.yard.run([self.yard.cmdop, "join", join_key or self.join_key, "--name", name], env)
        # Not run(): a daemon that keeps the caller's stderr must not hold the benchmark up.
        if self.yard.quiet([self.yard.cmdop, "agent", "start"], env):
            raise RuntimeError("cmdop agent start: it failed for %s; log: %s/logs" % (name, home))
        self.yard.remember(self.daemon_pid(name))
        return home

    def daemon_pid(self, name):
        env = self.environment(self.homes[name])

        def ask():
            return json.loads(self.yard.run([self.yard.cmdop, "agent", "status", "--json"], env)).get("pid")
        return int(until(ask))

    def keeper_pid(self, name="box"):
        """Of the process that owns a machine's terminals; there is one once there was a session."""
        def ask():
            with open(os.path.join(self.homes[name], "keeper.pid")) as file:
                return int(file.read())
        return self.yard.remember(until(ask))

    def exec(self, name, *words):
        return [self.yard.cmdop, "exec", name, "--", *words]

    def terminal(self, name="box", session=None, *words):
        return [self.yard.cmdop, "connect", name, *(["--session", session] if session else []), *words]

    def create(self, session, *command, machine="box"):
        """Starts a session that nobody looks at."""
        words = ["--", *command] if command else []
        self.yard.run([self.yard.cmdop, "session", "create", machine, "--name", session, *words], self.env)

    def destroy(self, session, machine="box"):
        self.yard.run([self.yard.cmdop, "session", "destroy", session, "--host", machine], self.env)

    def living(self, machine="box"):
        """The names of its sessions."""
        listed = json.loads(self.yard.run([self.yard.cmdop, "session", "list", "--host", machine, "--json"], self.env))
        return [card["name"] for card in (listed if isinstance(listed, list) else listed["sessions"])]

    def end_sessions(self, name="box"):
        """The hard way: their programs are killed, all at once."""
        for pid in processes.tree([self.keeper_pid(name)]) - {self.keeper_pid(name)}:
            processes.kill(pid)

    def close(self):
        for home in self.homes.values():
            try:
                self.yard.quiet([self.yard.cmdop, "agent", "stop"], self.environment(home), timeout=20)
            except Exception as error:  # the sweep ends it
                print("bench: agent stop: %s" % error)
        self.relay.terminate()
        try:
            self.relay.wait(10)
        except Exception:
            self.relay.kill()
            self.relay.wait()


def other_port(join_key, port, other):
    """The same join key, by another way to the relay. Both ports have five digits: the lengths inside stay right."""
    body = join_key[len("cjk_"):]
    ticket = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    there = b"127.0.0.1:%d"
    if ticket.count(there % port) != 1:
        raise Failed("the join key does not lead to port %d" % port)
    ticket = ticket.replace(there % port, there % other)
    return "cjk_" + base64.urlsafe_b64encode(ticket).decode().rstrip("=")


def many_files(argv):
    """With as many descriptors as the system lets it have: a thousand agents are a thousand sockets."""
    return ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", *argv]
