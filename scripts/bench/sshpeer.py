"""OpenSSH as the peer: private sshd processes on loopback (a jump host and a target), and a client configuration.

Otherwise stock settings. The target gives sessions an empty HOME, so that no start-up file of the user slows ssh down.
"""
import getpass
import os
import re
import subprocess

from yard import free_port, listening, program, until

SSHD = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AuthorizedKeysFile {folder}/key.pub
PrintMotd no
PrintLastLog no
MaxStartups 200:1:400
MaxSessions 100
"""

CLIENT = """\
Host jump
  Port {jump}
Host box boxj boxm boxjm m* o*
  Port {target}
Host boxj boxjm
  ProxyJump jump
Host boxm boxjm o*
  ControlMaster auto
  ControlPersist yes
  ControlPath {folder}/%n
Host *
  HostName 127.0.0.1
  User {user}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  LogLevel ERROR
"""


class SSHPeer:
    def __init__(self, yard):
        self.yard, self.masters, self.daemons = yard, [], {}
        sshd, self.ssh = program("sshd", "openssh-server"), program("ssh", "openssh-client")
        keygen = program("ssh-keygen", "openssh-client")
        self.folder = folder = yard.folder("ssh")
        for name in ("key", "host_key"):
            yard.run([keygen, "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", os.path.join(folder, name)])
        if os.getuid() == 0:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
        home = yard.folder("home")
        ports, known = {}, []
        with open(os.path.join(folder, "host_key.pub")) as file:
            public = " ".join(file.read().split()[:2])
        for role, extra in (("jump", ""), ("target", "SetEnv HOME=%s\n" % home)):
            port = ports[role] = free_port()
            config = os.path.join(folder, role)
            with open(config, "w") as file:
                file.write(SSHD.format(port=port, folder=folder) + extra)
            self.daemons[role] = yard.start([sshd, "-D", "-e", "-f", config], os.path.join(folder, role + ".log"))
            until(lambda: listening(port))
            known.append("[127.0.0.1]:%d %s\n" % (port, public))
        with open(os.path.join(folder, "known_hosts"), "w") as file:
            file.writelines(known)
        self.config = os.path.join(folder, "config")
        with open(self.config, "w") as file:
            file.write(CLIENT.format(folder=folder, user=getpass.getuser(), **ports))
        yard.run(self.command("box", "true"))
        yard.run(self.command("boxj", "true"))

    def command(self, host, *words):
        """Hosts: box direct · boxj through the jump host · boxm, boxjm the same over an open connection
        · m1… separate targets · o1… the same over open connections."""
        return [self.ssh, "-F", self.config, host, *words]

    def terminal(self, host):
        return [self.ssh, "-F", self.config, "-tt", host]

    def open_connection(self, host):
        """The master stays in the background until close()."""
        if host in self.masters:
            return
        self.masters.append(host)
        if self.yard.quiet(self.command(host, "true")):
            raise RuntimeError("ssh: no open connection to %s" % host)
        check = subprocess.run([self.ssh, "-F", self.config, "-O", "check", host], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, env=self.yard.env)
        found = re.search(rb"pid=(\d+)", check.stdout)
        if check.returncode or not found:
            raise RuntimeError("ssh: no master for %s: %r" % (host, check.stdout))
        self.yard.remember(int(found.group(1)))

    def close(self):
        for host in self.masters:
            self.yard.quiet([self.ssh, "-F", self.config, "-O", "exit", host])
        self.masters = []
