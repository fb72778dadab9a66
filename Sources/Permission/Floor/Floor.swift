/// What is never allowed, by no rule and in no mode. It is code: a change of it is a release, and has a number.
public enum Floor {
  /// Raised with every change of what is forbidden.
  public static let version = 3

  /// For `cmdop permissions list` and docs/permissions.md: what, and why.
  public static let list: [(what: String, why: String)] = [
    ("rm -rf / and its kind", "removing the root, a system folder or the home, or what the floor protects"),
    ("fork bombs", "a function or loop that starts itself without end"),
    ("block devices", "reading or writing disks, partitions and memory as raw bytes"),
    ("writes to .env*", "secrets of projects"),
    ("writes to .git/", "hooks and configuration there run programs"),
    ("reads and writes of ~/.ssh", "keys"),
    ("writes to /etc, /System, ~/Library/Keychains", "the system's own settings"),
    (
      "reads of /etc/shadow and its kind, /proc/*/environ and /proc/*/mem, ps e",
      "passwords and secrets of running programs"
    ),
    ("cmdop's home, policy, audit log, session store, credentials, binary and units", "what the gate stands on"),
    (
      "cmdop's own verbs but those that only look, for remote callers and MCP", "nobody raises his own rights"
    ),
  ]

  /// Why this path must not be touched; nil: it may. `path` is absolute and normal.
  static func forbids(_ path: String, _ access: PathUse.Access, _ place: Surroundings) -> String? {
    let bytes = path.utf8
    // Nothing below needs a look at ordinary paths twice.
    if let reason = forbidsOwn(path, access, place) { return reason }
    if isSecretKey(path, place) { return "~/.ssh holds keys" }
    if bytes.starts(with: "/proc/".utf8), isProcessSecret(path) { return "\(path) shows what running programs hold" }
    if bytes.starts(with: "/dev/".utf8), isBlockDevice(path) { return "\(path) is a block device" }
    if bytes.starts(with: "/etc".utf8) || bytes.starts(with: "/private/etc".utf8) {
      let rest = path.hasPrefix("/private") ? String(path.dropFirst(8)) : path
      if shadow.contains(rest) || rest.hasPrefix("/etc/ssh/") && rest.hasSuffix("_key") {
        return "\(path) holds passwords or keys"
      }
      if access == .write, PathText.isInside(rest, "/etc") { return "/etc is the system's" }
    }
    guard access == .write else {
      return PathText.isInside(path, place.home + "/Library/Keychains") ? "~/Library/Keychains holds keys" : nil
    }
    if PathText.isInside(path, "/System") { return "/System is the system's" }
    if PathText.isInside(path, place.home + "/Library/Keychains") { return "~/Library/Keychains holds keys" }
    guard PathText.hasPart(path, beginning: ".env") || PathText.hasPart(path, beginning: ".git") else { return nil }
    for part in path.split(separator: "/") {
      if part.utf8.first != 0x2e { continue }
      if part.hasPrefix(".env") { return "protected file: \(part)" }
      if part == ".git" { return "protected folder: .git" }
    }
    return nil
  }

  /// cmdop's own files.
  private static func forbidsOwn(_ path: String, _ access: PathUse.Access, _ place: Surroundings) -> String? {
    if PathText.isInside(path, place.cmdopHome) {
      let rest = path.dropFirst(place.cmdopHome.count)
      let isHarmless = rest == "/daemon.status" || rest.hasPrefix("/logs/agent.log") || rest == "/instructions.md"
      return isHarmless && access == .read ? nil : "\(path) is cmdop's own: policy, audit log, sessions or credentials"
    }
    for file in place.ownFiles where PathText.isInside(path, file) {
      // The binary may be run and looked at.
      if access == .write || !file.hasSuffix("/cmdop") { return "\(path) is cmdop's own" }
    }
    let state = place.home + "/.local/state/cmdop"
    if path.utf8.count >= state.utf8.count, PathText.isInside(path, state) { return "\(path) is cmdop's own" }
    if access == .write {
      let name = PathText.name(path)
      if name.hasPrefix("cmdop"), binaryFolders.contains(String(path.dropLast(name.count + 1))) {
        return "\(path) is cmdop's own program"
      }
      let isUnit = path.contains("/systemd/") || path.contains("/LaunchAgents/") || path.contains("/LaunchDaemons/")
      if isUnit, name.contains("cmdop") { return "\(path) is cmdop's own unit" }
    }
    return nil
  }

  private static let binaryFolders: Set<String> = [
    "/usr/local/bin", "/usr/bin", "/bin", "/opt/homebrew/bin", "/usr/local/sbin", "/usr/sbin", "/opt/cmdop/bin",
    "/opt/cmdop",
  ]
  private static let shadow: Set<String> = [
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/security/opasswd", "/etc/krb5.keytab",
    "/etc/sudoers",
    "/etc/master.passwd",
  ]

  private static func isSecretKey(_ path: String, _ place: Surroundings) -> Bool {
    guard PathText.hasPart(path, beginning: ".ssh") else { return false }
    if PathText.isInside(path, place.home + "/.ssh") || PathText.isInside(path, "/root/.ssh") { return true }
    let parts = path.split(separator: "/", maxSplits: 3)
    return parts.count > 2 && (parts[0] == "home" || parts[0] == "Users") && parts[2] == ".ssh"
  }

  private static func isProcessSecret(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard parts.count > 2, let last = parts.last else { return path == "/proc/kcore" }
    // Ways round every path: /proc/self/root/etc/shadow.
    if parts.dropFirst(2).contains(where: { ["cwd", "root", "fd", "map_files", "task"].contains($0) }) { return true }
    return ["environ", "mem", "auxv", "pagemap"].contains(last)
  }

  private static func isBlockDevice(_ path: String) -> Bool {
    let name = path.dropFirst(5)
    for folder in ["disk/", "mapper/", "block/", "vg", "zvol/", "bus/usb/"] where name.hasPrefix(folder) { return true }
    for device in ["mem", "kmem", "port", "core", "root"] where name == device { return true }
    let stem = name.prefix { $0.isLetter }
    let rest = name.dropFirst(stem.count)
    switch stem {
    case "sda"..."sdzzz", "hda"..."hdz", "vda"..."vdzz", "xvda"..."xvdzz": return stem.count > 2 && isDiskName(stem)
    case "nvme", "mmcblk", "md", "dm", "loop", "nbd", "zram", "ram", "sr", "disk", "rdisk", "fd", "rbd", "bcache", "zd",
      "pmem":
      return !rest.isEmpty && (rest.first?.isNumber ?? false || stem == "dm")
        && (stem != "fd" || !rest.contains("/") && rest.count == 1)
    default: return false
    }
  }

  private static func isDiskName(_ stem: Substring) -> Bool {
    let prefix = stem.hasPrefix("xvd") ? 3 : 2
    return ["sd", "hd", "vd", "xv"].contains(String(stem.prefix(2))) && stem.count <= prefix + 3
  }

  // MARK: whole trees

  static let systemFolders: Set<String> = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/root", "/run",
    "/sbin", "/srv",
    "/sys", "/usr", "/usr/bin", "/usr/lib", "/usr/sbin", "/usr/local", "/usr/share", "/var", "/var/lib", "/var/log",
    "/Applications",
    "/Library", "/System", "/Users", "/Volumes", "/private", "/private/etc", "/private/var",
  ]

  /// Why this must not be removed or changed with everything in it.
  static func forbidsTree(_ path: String, _ place: Surroundings) -> String? {
    if let reason = forbids(path, .write, place) { return reason }
    if systemFolders.contains(path) { return "\(path) is a system folder" }
    if PathText.isInside(place.home, path) { return "\(path) is the home, or has it in it" }
    for protected in [place.cmdopHome] + place.ownFiles where PathText.isInside(protected, path) {
      return "\(path) has cmdop's own files in it"
    }
    return nil
  }

  /// Whether something lies below a folder that must not be changed.
  static func holdsProtected(_ path: String, _ place: Surroundings) -> Bool {
    systemFolders.contains(path) && !["/tmp", "/var/log"].contains(path) || PathText.isInside(place.home, path)
      || PathText.isInside(place.cmdopHome, path)
  }

  /// What lies below a folder that is read as a whole: its keys would be read too.
  static func holdsSecrets(_ path: String, _ place: Surroundings) -> Bool {
    PathText.isInside(place.home + "/.ssh", path) || PathText.isInside(place.cmdopHome, path)
      || PathText.isInside("/root/.ssh", path)
      || path == "/etc" || path == "/home" || path == "/Users" || path == "/proc"
  }
}
