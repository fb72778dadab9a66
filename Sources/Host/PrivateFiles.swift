import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Small files that only their owner may see. Calls block shortly; they are for start-up and rare writes.
public enum PrivateFiles {
  /// Makes a directory and its parents, 0700. One that exists is made 0700, unless others may look into it and things lie in
  /// it already: whose business would that be? Throws `denied` then, and for one that belongs to somebody else.
  public static func ensureDirectory(_ path: String) throws(CmdopError) {
    var facts = stat()
    if stat(path, &facts) == 0 {
      guard facts.st_mode & S_IFMT == S_IFDIR else { throw CmdopError(.exists, "\(path) is no directory") }
      guard facts.st_uid == getuid() else {
        throw CmdopError(.denied, "\(path) belongs to another user", hint: "choose another: --home DIR")
      }
      guard facts.st_mode & 0o077 != 0 else { return }
      guard try isEmpty(path) else {
        throw CmdopError(
          .denied, "\(path) is open to other users and holds things already",
          hint: "choose a directory of its own: --home DIR   # or, if it is cmdop's: chmod 700 \(path)")
      }
      chmod(path, 0o700)
      return
    }
    if let slash = path.lastIndex(of: "/"), slash > path.startIndex {
      let parent = String(path[..<slash])
      if stat(parent, &facts) != 0 { try ensureDirectory(parent) }
    }
    guard mkdir(path, 0o700) != 0 else { return }
    guard errno == EEXIST else { throw systemError(errno, "cannot make directory \(path)") }
    // Somebody was quicker: look whose it is.
    guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == getuid() else {
      throw CmdopError(.denied, "\(path) belongs to another user", hint: "choose another: --home DIR")
    }
  }

  /// Whether there is something of that name, and it is this user's: who else could answer there must not hear a secret.
  public static func isOwn(_ path: String) -> Bool {
    var facts = stat()
    return lstat(path, &facts) == 0 && facts.st_uid == getuid()
  }

  private static func isEmpty(_ path: String) throws(CmdopError) -> Bool {
    guard let folder = opendir(path) else { throw systemError(errno, "cannot look into \(path)") }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count <= 2  // itself and its parent
  }

  /// Writes the whole file or leaves the old one: a new file, synced, renamed over it. 0600. Without `isSynced` a power
  /// cut may leave an empty one.
  public static func write(_ bytes: [UInt8], to path: String, isSynced: Bool = true) throws(CmdopError) {
    let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp"
    var file: CInt = -1
    var failure = chost_open(temporary, 1, &file)
    guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
    var rest = bytes[...]
    while !rest.isEmpty && failure == 0 {
      let count = rest.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failure = errno }
    }
    if failure == 0 && isSynced && fsync(file) != 0 { failure = errno }
    close(file)
    if failure == 0 && rename(temporary, path) != 0 { failure = errno }
    guard failure == 0 else {
      unlink(temporary)
      throw systemError(failure, "cannot write \(path)")
    }
  }

  /// What stands behind the first `from` bytes, nil when there is no such file. Throws `limit` when that is more than
  /// `limit` bytes.
  public static func read(_ path: String, from: Int = 0, limit: Int) throws(CmdopError) -> [UInt8]? {
    let file = systemOpen(path)
    if file < 0 {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw systemError(errno, "cannot read \(path)")
    }
    defer { close(file) }
    if from > 0 { lseek(file, off_t(from), SEEK_SET) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      let count = systemRead(file, &piece, piece.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw systemError(errno, "cannot read \(path)")
      }
      bytes += piece[..<count]
      if bytes.count > limit { throw CmdopError(.limit, "\(path) is larger than \(limit) bytes") }
    }
  }

  /// In bytes, nil when there is no such file.
  public static func size(_ path: String) -> Int? {
    var facts = stat()
    return stat(path, &facts) == 0 ? Int(facts.st_size) : nil
  }

  /// What stands in a directory; nothing if it cannot be read.
  public static func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name != "." && name != ".." { names.append(name) }
    }
    return names
  }

  public static func remove(_ path: String) { unlink(path) }

  /// 0600, for a socket that the listener made.
  public static func makePrivate(_ path: String) throws(CmdopError) {
    if chmod(path, 0o600) != 0 { throw systemError(errno, "cannot make \(path) private") }
  }
}

// Names that the enclosing types use themselves.
private func systemWrite(_ file: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
private func systemRead(_ file: CInt, _ bytes: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(file, bytes, count)
}
private func systemOpen(_ path: String) -> CInt { open(path, O_RDONLY | O_CLOEXEC) }
