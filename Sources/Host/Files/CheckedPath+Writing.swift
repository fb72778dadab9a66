import CHost
public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

extension CheckedPath {
  /// What must be there for a file to be written.
  public enum Expectation: Hashable, Sendable {
    case anything
    case nothing
    /// That file, unchanged.
    case exactly(FileFacts)
  }

  /// Writes the whole file or leaves the old one: a new file beside it, synced, renamed over it. Mode and owner stay. Missing
  /// directories are made if `makesFolders`. Returns what is there now. Blocks.
  public func write(
    _ bytes: [UInt8], expecting: Expectation = .anything, makesFolders: Bool = false
  ) throws(CmdopError) -> FileFacts {
    guard kind != .directory else { throw CmdopError(.badUsage, "\(shown) is a directory, not a file") }
    let folder = try folderToWriteIn(makes: makesFolders)
    let old: FileFacts?
    switch folder.facts(leaf) {
    case .success(let facts): old = facts
    case .failure(let failure) where failure.number == ENOENT: old = nil
    case .failure(let failure): throw systemError(failure.number, "cannot write \(shown)")
    }
    if let old { try mustBeFile(old) }
    try hold(old, against: expecting)
    if old != nil, !folder.mayWrite(leaf) {
      throw CmdopError(.denied, "\(shown) is read-only (mode \(String((old?.mode ?? 0), radix: 8)))")
    }

    let temporary = ".cmdop-" + String(UInt64.random(in: .min ... .max), radix: 16) + ".tmp"
    let file: CInt
    switch folder.opened(temporary, CHOST_OPEN_NEW, mode: old == nil ? 0o666 : 0o600) {
    case .success(let opened): file = opened
    case .failure(let failure):
      let error = systemError(failure.number, "cannot write \(shown)")
      let hint = error.code == .denied ? "a file is replaced as a whole: its directory must be writable too" : nil
      throw CmdopError(error.code, error.message, hint: hint)
    }
    do throws(CmdopError) {
      defer { close(file) }
      try fill(file, with: bytes)
      if let old { try keep(old, on: file) }
      if fsync(file) != 0 { throw systemError(errno, "cannot write \(shown)") }
    } catch {
      folder.unlink(temporary)
      throw error
    }
    // As late as can be: who changed it meanwhile keeps the change, and we say so.
    let now = folder.look(leaf)
    let isSame = now?.inode == old?.inode && now?.changed == old?.changed && now?.kind == old?.kind
    let failure = isSame ? folder.rename(temporary, to: leaf) : 0
    guard isSame, failure == 0 else {
      folder.unlink(temporary)
      if !isSame {
        throw CmdopError(.wrongState, "\(shown) was changed by somebody else just now; nothing was written")
      }
      throw systemError(failure, "cannot write \(shown)")
    }
    folder.sync()
    guard let facts = folder.look(leaf) else {
      throw CmdopError(.wrongState, "\(shown) was removed as soon as it was written")
    }
    return facts
  }

  private func hold(_ old: FileFacts?, against expecting: Expectation) throws(CmdopError) {
    switch expecting {
    case .anything: return
    case .nothing: if old != nil { throw CmdopError(.exists, "\(shown) exists already") }
    case .exactly(let known):
      guard let old else { throw CmdopError(.wrongState, "\(shown) is gone since it was read") }
      guard old.inode == known.inode, old.device == known.device, old.changed == known.changed, old.size == known.size
      else {
        throw CmdopError(.wrongState, "\(shown) has changed since it was read", hint: "read it again, then change it")
      }
    }
  }

  private func folderToWriteIn(makes: Bool) throws(CmdopError) -> OpenFolder {
    var place = folder
    for name in names.dropLast() {
      guard makes else {
        throw CmdopError(.notFound, "the directory of \(shown) does not exist", hint: "set create_directories to true")
      }
      let failure = place.makeFolder(name)
      guard failure == 0 || failure == EEXIST else {
        throw systemError(failure, "cannot make the directory of \(shown)")
      }
      switch place.open(name) {
      case .success(let next): place = next
      case .failure(let failure):
        if failure.number == ENOTDIR {
          throw CmdopError(.badUsage, "\(OneLine.of(name)) on the way to \(shown) is no directory")
        }
        throw systemError(failure.number, "cannot open the directory of \(shown)")
      }
    }
    return place
  }

  private func fill(_ file: CInt, with bytes: [UInt8]) throws(CmdopError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        throw systemError(errno, "cannot write \(shown)")
      }
    }
  }

  /// The owner first: changing it takes set-user-id bits away.
  private func keep(_ old: FileFacts, on file: CInt) throws(CmdopError) {
    if old.user != geteuid() || old.group != getegid() {
      guard fchown(file, uid_t(old.user), gid_t(old.group)) == 0 else {
        throw CmdopError(.denied, "\(shown) belongs to another user or group, and replacing it would change that")
      }
    }
    if fchmod(file, mode_t(old.mode)) != 0 { throw systemError(errno, "cannot keep the mode of \(shown)") }
  }
}

extension OpenFolder {
  fileprivate func mayWrite(_ name: String) -> Bool { withDescriptor { faccessat($0, name, W_OK, AT_EACCESS) == 0 } }
  fileprivate func unlink(_ name: String) { _ = withDescriptor { unlinkat($0, name, 0) } }
  fileprivate func rename(_ name: String, to other: String) -> CInt {
    withDescriptor { renameat($0, name, $0, other) == 0 ? 0 : errno }
  }
  fileprivate func makeFolder(_ name: String) -> CInt { withDescriptor { mkdirat($0, name, 0o777) == 0 ? 0 : errno } }
  /// So that the new name outlives a power cut.
  fileprivate func sync() {
    guard case .success(let descriptor) = opened(".", CHOST_OPEN_LIST) else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

private func systemWrite(_ file: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(file, bytes, count) }
