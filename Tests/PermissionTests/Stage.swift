import Foundation

/// A throwaway home in which attacks are tried: programs, secrets and protected files that belong to nobody.
struct Stage {
  let root: String
  var home: String { root + "/home/anna" }
  var folder: String { home + "/work" }
  static let secret = "SECRET-4711"

  init() throws {
    root = FileManager.default.temporaryDirectory.path + "/cmdop-stage-\(UInt32.random(in: 0 ... .max))"
    let secret = Self.secret + "\n"
    let files = [
      "home/anna/.ssh/id_rsa": secret, "home/anna/.cmdop/permissions.yaml": secret,
      "home/anna/.cmdop/credentials.json": secret,
      "home/anna/.cmdop/cmdop.db": secret, "home/anna/.cmdop/logs/audit.log": secret, "home/anna/work/a": "a\nb\nc\n",
      "home/anna/work/b.txt": "b\n", "home/anna/work/.env": secret, "home/anna/work/.git/config": "",
      "home/anna/work/.git/hooks/x": "",
      "home/anna/work/script.sh": "true\n", "home/anna/work/script.sed": "p\n",
      "home/anna/work/script.awk": "BEGIN{}\n",
      "home/anna/work/lock": "", "home/anna/work/ssh.config": "", "home/anna/work/curl.config": "",
      "home/anna/work/big": String(repeating: "line of text\n", count: 20_000),
      "etc/passwd": "a\n", "etc/shadow": secret, "etc/hostname": "x\n", "usr/lib/x": "x", "home/other/x": "x",
      "tmp/x": "",
      "dev/sda": secret + String(repeating: "\0", count: 100), "dev/nvme0n1": secret,
    ]
    for (name, text) in files {
      let path = root + "/" + name
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
    }
    // A program of one's own in the folder: it takes the place of another. It touches its last argument.
    for name in ["hello", "git-hello"] { try program(name, "for last; do :; done\ntouch \"$last\"\n") }
    try program("hello-env", "touch \(folder)/mark\n")
    try program("hello-filter", "[ -n \"$1\" ] && touch \"$1\"; cat\n")
    try Data("Host *\n  ProxyCommand touch \(folder)/mark; false\n".utf8).write(
      to: URL(filePath: folder + "/ssh.config"))
    try FileManager.default.createDirectory(atPath: folder + "/globs", withIntermediateDirectories: true)
    for name in ["--checkpoint=1", "--checkpoint-action=exec=sh x.sh", "x.sh"] {
      try Data("touch \(folder)/mark\n".utf8).write(to: URL(filePath: folder + "/globs/" + name))
    }
    _ = try run("tar cf a.tar b.txt")
  }

  private func program(_ name: String, _ body: String) throws {
    let path = folder + "/" + name
    try Data("#!/bin/bash\n\(body)".utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  func end() { try? FileManager.default.removeItem(atPath: root) }

  /// Runs a line as the product does: bash without start-up files, clean environment, nothing on standard input; at most ten
  /// seconds. Returns what it printed.
  @discardableResult
  func run(_ command: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let needsRepository = command.contains("repo")
    let before =
      needsRepository
      ? "(git init -q repo && cd repo && git config user.email a@b && git config user.name a && echo a >a && git add a && git commit -qm 1"
        + " && echo b >>a && git commit -qam 2 && echo c >>a && git commit -qam 3) </dev/null >/dev/null 2>&1\n" : ""
    process.arguments = [
      "-i", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=\(home)", "USER=anna", "LANG=C.UTF-8", "timeout",
      "-s", "KILL", "20",
      "bash", "--noprofile", "--norc", "-c", before + command,
    ]
    process.currentDirectoryURL = URL(filePath: folder)
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A program that the command needs and that is not there.
  func missing(_ command: String) -> String? {
    let known = [
      "git", "tar", "rsync", "ssh", "scp", "curl", "zip", "perl", "python3", "script", "taskset", "chrt", "prlimit",
      "setpriv",
    ]
    return known.first { name in
      command.contains(name)
        && !["/usr/bin/", "/bin/", "/usr/sbin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
    }
  }
}
