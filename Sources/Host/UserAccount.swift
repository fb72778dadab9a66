public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The user whom this process runs as.
public struct UserAccount: Hashable, Sendable {
  public let name: String
  public let home: String
  public let shell: String
  public let uid: UInt32

  public init(name: String, home: String, shell: String, uid: UInt32) {
    (self.name, self.home, self.shell, self.uid) = (name, home, shell, uid)
  }

  public static func current() throws(CmdopError) -> UserAccount {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 16 * 1024)
    let uid = getuid()
    guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      throw CmdopError(.notFound, "user \(uid) has no account on this machine")
    }
    let shell = String(cString: entry.pw_shell)
    return UserAccount(
      name: String(cString: entry.pw_name), home: String(cString: entry.pw_dir),
      shell: shell.isEmpty ? "/bin/sh" : shell, uid: uid)
  }
}
