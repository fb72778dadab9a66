import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// At most one process per file: the file is locked while it lives, and holds its process id. The lock, not the id,
/// is what counts: it ends with the process, however that ends.
public struct InstanceLock: Sendable {
  private let file: CInt
  private let path: String

  /// `what` for people: "a daemon"; `hint`: how to look at the one that runs. Throws `exists` when another process holds it.
  public static func acquire(_ path: String, what: String, hint: String? = nil) throws(CmdopError) -> InstanceLock {
    var file: CInt = -1
    repeat {
      if file >= 0 { close(file) }
      let failure = chost_open(path, 1, &file)
      guard failure == 0 else { throw systemError(failure, "cannot write \(path)") }
      guard chost_lock(file) == 0 else {
        close(file)
        let id = holder(of: path).map { " (pid \($0))" } ?? ""
        throw CmdopError(
          .exists, "\(what) runs in this home already\(id)", hint: hint)
      }
      // Whoever held it may have removed the file between our two steps: then we have locked what nobody else will see.
    } while !isAt(path, file)
    ftruncate(file, 0)
    let text = Array("\(getpid())\n".utf8)
    _ = write(file, text, text.count)
    return InstanceLock(file: file, path: path)
  }

  private static func isAt(_ path: String, _ file: CInt) -> Bool {
    var (opened, named) = (stat(), stat())
    guard fstat(file, &opened) == 0, stat(path, &named) == 0 else { return false }
    return opened.st_ino == named.st_ino && opened.st_dev == named.st_dev
  }

  public func release() {
    unlink(path)
    close(file)
  }

  /// The process that holds the lock now, nil when nobody does.
  public static func holder(of path: String) -> Int32? {
    var file: CInt = -1
    guard access(path, F_OK) == 0, chost_open(path, 0, &file) == 0 else { return nil }
    defer { close(file) }
    var locked: CInt = 0
    guard chost_is_locked(file, &locked) == 0, locked != 0 else { return nil }
    let text = ((try? PrivateFiles.read(path, limit: 64)) ?? nil).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return Int32(text.filter(\.isNumber))
  }
}
