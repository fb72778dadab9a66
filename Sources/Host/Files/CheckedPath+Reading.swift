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
  /// What is there now; nil: nothing. Throws when a directory on the way cannot be searched.
  public func facts() throws(CmdopError) -> FileFacts? {
    guard names.count == 1 else { return nil }
    switch folder.facts(leaf) {
    case .success(let facts): return facts
    case .failure(let failure) where failure.number == ENOENT || failure.number == ENOTDIR: return nil
    case .failure(let failure): throw systemError(failure.number, "cannot look at \(shown)")
    }
  }

  /// Opens the file to be read. Throws `notFound`, and `badUsage` for what is no file: a device or a FIFO is never opened.
  public func openFile() throws(CmdopError) -> OpenFile {
    guard let facts = try facts() else { throw CmdopError(.notFound, "there is no file \(shown)") }
    try mustBeFile(facts)
    switch folder.opened(leaf, CHOST_OPEN_READ) {
    case .failure(let failure):
      if failure.number == ELOOP { throw exchanged }
      throw systemError(failure.number, "cannot read \(shown)")
    case .success(let descriptor):
      let file = OpenFile(descriptor, name: shown)
      // Looked at again: it may be another one by now.
      try mustBeFile(file.facts)
      return file
    }
  }

  func mustBeFile(_ facts: FileFacts) throws(CmdopError) {
    guard facts.kind != .file else { return }
    if facts.kind == .link { throw exchanged }
    throw CmdopError(.badUsage, "\(shown) is a \(facts.kind.rawValue), not a file")
  }

  var exchanged: CmdopError { CmdopError(.wrongState, "\(shown) became a link after it was checked; nothing was done") }

  /// For messages.
  public var shown: String { OneLine.of(String(resolved.prefix(300))) }

  /// The directory, to look into. Throws `notFound`, and `badUsage` for what is none.
  public func openDirectory() throws(CmdopError) -> OpenFolder {
    if let itself { return itself }
    if let kind { throw CmdopError(.badUsage, "\(shown) is a \(kind.rawValue), not a directory") }
    throw CmdopError(.notFound, "there is no directory \(shown)")
  }
}

/// A file that is held open. Calls block.
public final class OpenFile: Sendable {
  private let descriptor: CInt
  private let name: String
  /// As they were when it was opened.
  public let facts: FileFacts

  init(_ descriptor: CInt, name: String) {
    var facts = stat()
    fstat(descriptor, &facts)
    (self.descriptor, self.name, self.facts) = (descriptor, name, FileFacts(facts))
  }

  deinit { close(descriptor) }

  /// Up to `count` bytes from `offset` on; fewer only at the end.
  public func read(at offset: Int, count: Int) throws(CmdopError) -> [UInt8] {
    var failure: CInt = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { room, filled in
      while filled < count {
        let got = pread(descriptor, room.baseAddress.map { $0 + filled }, count - filled, off_t(offset + filled))
        if got > 0 { filled += got }
        if got < 0 && errno != EINTR { failure = errno }
        if got == 0 || failure != 0 { break }
      }
    }
    if failure != 0 { throw systemError(failure, "cannot read \(name)") }
    return bytes
  }
}

/// A name in a directory.
public struct FolderEntry: Hashable, Sendable {
  public let name: String
  /// nil where the file system does not tell without being asked for each.
  public let kind: FileKind?
}

extension OpenFolder {
  /// What lies in it, in no order, without "." and "..". `isComplete`: false when there were more than `most`, or names that
  /// are no UTF-8.
  public func entries(most: Int) throws(CmdopError) -> (entries: [FolderEntry], isComplete: Bool) {
    let descriptor: CInt
    switch opened(".", CHOST_OPEN_LIST) {
    case .success(let opened): descriptor = opened
    case .failure(let failure): throw systemError(failure.number, "the directory cannot be listed")
    }
    guard let stream = fdopendir(descriptor) else {
      let failure = errno
      close(descriptor)
      throw systemError(failure, "the directory cannot be listed")
    }
    defer { closedir(stream) }
    var (entries, isComplete) = ([FolderEntry](), true)
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(validating: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name == "." || name == ".." { continue }
      guard let name, entries.count < most else {
        isComplete = false
        if entries.count >= most { break }
        continue
      }
      entries.append(FolderEntry(name: name, kind: Self.kind(entry.pointee.d_type)))
    }
    return (entries, isComplete)
  }

  private static func kind(_ type: UInt8) -> FileKind? {
    switch Int(type) {
    case Int(DT_REG): .file
    case Int(DT_DIR): .directory
    case Int(DT_LNK): .link
    case Int(DT_FIFO): .fifo
    case Int(DT_SOCK): .socket
    case Int(DT_CHR): .characterDevice
    case Int(DT_BLK): .blockDevice
    default: nil
    }
  }

  /// What is under that name; a link is a link. nil: nothing, or nothing that may be seen.
  public func look(_ name: String) -> FileFacts? { if case .success(let facts) = facts(name) { facts } else { nil } }

  /// The directory of that name in it; nil for everything else, links too.
  public func folder(_ name: String) -> OpenFolder? { if case .success(let found) = open(name) { found } else { nil } }

  /// The file of that name in it; nil for everything else, links and devices too.
  public func file(_ name: String) -> OpenFile? {
    guard look(name)?.kind == .file, case .success(let descriptor) = opened(name, CHOST_OPEN_READ) else { return nil }
    let file = OpenFile(descriptor, name: OneLine.of(name))
    return file.facts.kind == .file ? file : nil
  }

  /// Where a link leads, as it is written; nil for what is none.
  public func link(_ name: String) -> String? {
    if case .success(let target) = linkTarget(name) { target } else { nil }
  }
}
