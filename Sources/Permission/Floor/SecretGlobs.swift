/// Globs that reach what the floor protects: `cat ~/.s*/id*`, `cat /etc/shado?`.
enum SecretGlobs {
  /// Whether a glob (absolute, specials escaped with a backslash) can name a protected path, or something in it.
  static func reaches(_ pattern: String, _ access: PathUse.Access, _ place: Surroundings) -> String? {
    var targets = [
      place.home + "/.ssh/id_rsa", place.home + "/.ssh", "/root/.ssh/id_rsa", place.cmdopHome,
      place.cmdopHome + "/permissions.yaml", place.cmdopHome + "/credentials.json", place.cmdopHome + "/cmdop.db",
      place.cmdopHome + "/logs/audit.log", "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/sudoers",
      "/proc/self/environ",
      "/proc/1/environ", "/dev/sda", "/dev/sda1", "/dev/nvme0n1", "/dev/vda", "/dev/mem", "/home/u/.ssh/id_rsa",
    ]
    if access == .write { targets += ["/etc/passwd", "/etc/cron.d/x", "/usr/local/bin/cmdop"] }
    let parts = pattern.split(separator: "/")
    for target in targets {
      let names = target.split(separator: "/")
      guard names.count == parts.count else { continue }
      if zip(parts, names).allSatisfy({ matches($0, String($1)) }) { return "\(unescaped(pattern)) reaches \(target)" }
    }
    if access == .write, let last = parts.last, reachesHidden(last) {
      return "\(unescaped(pattern)) reaches .env or .git"
    }
    return nil
  }

  /// A leading dot must be there in the glob, as in the shell without dotglob.
  private static func matches(_ part: Substring, _ name: String) -> Bool {
    if name.hasPrefix("."), !part.hasPrefix("."), !part.hasPrefix("[.]") { return false }
    return Glob(unescaped(String(part))).matches(name)
  }

  private static func reachesHidden(_ part: Substring) -> Bool {
    guard part.hasPrefix("."), part.contains(where: { $0 == "*" || $0 == "?" || $0 == "[" }) else { return false }
    return [".env", ".env.local", ".git"].contains { Glob(unescaped(String(part))).matches($0) }
  }

  static func unescaped(_ pattern: String) -> String { pattern.replacing("\\", with: "") }
}
