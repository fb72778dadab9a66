"""tmux as the peer: a server of its own on this machine, reached by ssh. Stock settings, but for its status line: that
would be drawn now and then among the keystrokes."""
import os

from yard import program, until


class TmuxPeer:
    def __init__(self, yard, ssh):
        self.yard, self.ssh, self.tmux = yard, ssh, program("tmux", "tmux")
        self.socket = os.path.join(yard.folder("t"), "s")
        self.config = self.socket + ".conf"
        with open(self.config, "w") as file:
            file.write("set -g status off\nset -g exit-empty off\n")

    def command(self, *words):
        return [self.tmux, "-f", self.config, "-S", self.socket, *words]

    def create(self, session, *command):
        """Detached. The server starts with the first one, and the sweep knows it by its environment."""
        self.yard.run(self.command("new-session", "-d", "-s", session, "-x", "80", "-y", "24", *command))
        until(lambda: not self.yard.quiet(self.command("has-session", "-t", session)))

    def terminal(self, session, host="box", *words):
        return self.ssh.terminal(host) + self.command("attach-session", "-t", "=" + session, *words)

    def server_pid(self):
        return int(self.yard.run(self.command("display-message", "-p", "#{pid}")))

    def close(self):
        self.yard.quiet(self.command("kill-server"))
