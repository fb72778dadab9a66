"""cmdop on loopback: a relay, machines behind it, and a client with a daemon of its own, each in a throwaway home.

The way of a keystroke is CLI → the client's daemon → relay → the machine's daemon → its shell.
"""
import json
import os

from yard import Failed, until


class Street:
    def __init__(self, yard, machines=("box",), client=True):
        self.yard, self.homes = yard, {}
        self.relay_home = yard.folder("r")
        relay_env = self.environment(self.relay_home)
        self.relay = yard.start(
            many_files([yard.cmdop, "relay", "serve", "--host", "127.0.0.1", "--port", "0"]),
            os.path.join(self.relay_home, "log"), relay_env)
        status = until(self._status)
        self.port = int(status["port"])
        # The shell in between replaces itself, but the relay may have its own idea of what its process is.
        self.relay_pid = int(status.get("pid") or self.relay.pid)
        self.join_key = yard.run([yard.cmdop, "relay", "join-key"], relay_env).strip()
        self.token = yard.run([yard.cmdop, "relay", "token"], relay_env).strip()
        self.client_home = None
        for name in machines:
            self.add(name)
        if client:
            self.client_home = self.add("desk")
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

    def add(self, name):
        home = self.homes[name] = self.yard.folder("h")
        env = self.environment(home)
        self.yard.run([self.yard.cmdop, "join", self.join_key, "--name", name], env)
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

    def exec(self, name, *words):
        return [self.yard.cmdop, "exec", name, "--", *words]

    def terminal(self, name="box"):
        return [self.yard.cmdop, "connect", name]

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


def many_files(argv):
    """With as many descriptors as the system lets it have: a thousand agents are a thousand sockets."""
    return ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", *argv]
