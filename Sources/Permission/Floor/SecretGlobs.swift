/// Globs that reach what the floor protects, whether it is there or not: `cat ~/.s*/id*`, `cat /etc/shado?`, `rm -rf /ro*`.
enum SecretGlobs {
  /// A place that is protected. nil in it: any name.
  private struct Target {
    var names: [String?]
    /// With everything below it.
    var isTree = true

    init(_ path: String, isTree: Bool = true) {
      names = path.split(separator: "/").map { $0 == "*" ? nil : String($0) }
      self.isTree = isTree
    }

    var text: String { "/" + names.map { $0 ?? "*" }.joined(separator: "/") }
  }

  private static let always =
    [
      "/root/.ssh", "/home/*/.ssh", "/Users/*/.ssh", "/proc/*/environ", "/proc/*/mem", "/proc/*/auxv", "/proc/*/root",
      "/proc/*/cwd", "/proc/*/fd", "/proc/*/map_files", "/proc/*/task",
    ].map { Target($0) }
    + [
      "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/security/opasswd",
      "/etc/krb5.keytab", "/etc/master.passwd", "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key",
      "/dev/sda",
      "/dev/sda1", "/dev/nvme0n1", "/dev/nvme0n1p1", "/dev/vda", "/dev/vda1", "/dev/xvda", "/dev/mmcblk0", "/dev/dm-0",
      "/dev/mem", "/dev/kmem", "/proc/kcore",
    ].map { Target($0, isTree: false) }
  private static let written =
    [
      "/etc", "/private/etc", "/System",
    ].map { Target($0) } + [Target("/usr/local/bin/cmdop", isTree: false), Target("/usr/bin/cmdop", isTree: false)]

  /// Whether a glob (absolute, specials escaped with a backslash) can name a protected path, or something in it. `isWhole`: what
  /// it names is removed, or changed, with everything below it.
  static func reaches(
    _ pattern: String, _ access: PathUse.Access, isWhole: Bool = false, _ place: Surroundings
  ) -> String? {
    let parts = pattern.split(separator: "/")
    var targets =
      always + [Target(place.home + "/.ssh"), Target(place.cmdopHome), Target(place.home + "/.local/state/cmdop")]
    targets += place.ownFiles.filter { access == .write || !$0.hasSuffix("/cmdop") }.map { Target($0) }
    targets.append(Target(place.home + "/Library/Keychains"))
    if access == .write { targets += written }
    let globs = parts.map { ShellGlob.isSpecial($0) ? ShellGlob($0) : nil }
    let names = parts.map { ShellGlob.unescaped($0) }
    func fits(_ target: Target) -> Bool {
      guard target.names.count == parts.count || target.isTree && target.names.count < parts.count else { return false }
      return target.names.indices.allSatisfy { index in
        guard let name = target.names[index] else { return true }
        return globs[index]?.matches(name) ?? (names[index] == name)
      }
    }
    if let target = targets.first(where: fits) { return "\(ShellGlob.unescaped(pattern)) reaches \(target.text)" }
    if isWhole, access == .write {
      // Folders of the system, and what has the home or cmdop's own files in it.
      let whole = Floor.systemFolders.map { Target($0, isTree: false) } + above(place.home) + above(place.cmdopHome)
      if let target = whole.first(where: fits) { return "\(ShellGlob.unescaped(pattern)) reaches \(target.text)" }
    }
    if access == .write, let last = globs.last ?? nil, parts.last?.hasPrefix(".") == true,
      [".env", ".env.local", ".git"].contains(where: last.matches)
    {
      return "\(ShellGlob.unescaped(pattern)) reaches .env or .git"
    }
    if access == .write,
      parts.indices.contains(where: { index in
        parts[index].hasPrefix(".") && globs[index]?.matches(".git") ?? false
      })
    {
      return "\(ShellGlob.unescaped(pattern)) reaches .git"
    }
    return nil
  }

  private static func above(_ path: String) -> [Target] {
    let names = path.split(separator: "/")
    return (1...max(1, names.count)).map { Target(names.prefix($0).joined(separator: "/"), isTree: false) }
  }
}
