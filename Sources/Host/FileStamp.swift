#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// What tells one state of a file from another, and whose it is. Links are not followed.
public struct FileStamp: Hashable, Sendable {
  public let isRegular: Bool
  public let isFolder: Bool
  public let isOwn: Bool
  public let isRoots: Bool
  /// The permission bits.
  public let mode: UInt32
  public let size: Int
  /// The same for every state of one file (its inode).
  public let identity: UInt64
  private let changed: [Int]

  /// nil: there is nothing of that name.
  public init?(_ path: String) {
    var facts = stat()
    guard lstat(path, &facts) == 0 else { return nil }
    (isRegular, isFolder) = (facts.st_mode & S_IFMT == S_IFREG, facts.st_mode & S_IFMT == S_IFDIR)
    (isOwn, isRoots) = (facts.st_uid == getuid(), facts.st_uid == 0)
    (mode, size, identity) = (UInt32(facts.st_mode & 0o7777), Int(facts.st_size), UInt64(facts.st_ino))
    #if canImport(Darwin)
      changed = [
        facts.st_mtimespec.tv_sec, facts.st_mtimespec.tv_nsec, facts.st_ctimespec.tv_sec, facts.st_ctimespec.tv_nsec,
      ]
    #else
      changed = [facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec, facts.st_ctim.tv_sec, facts.st_ctim.tv_nsec]
    #endif
  }
}
