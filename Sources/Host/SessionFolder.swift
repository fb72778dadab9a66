public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// `CMDOP_HOME/sessions`: for each session a ring (`ID.ring`), a drawing of its screen (`ID.screen`), and its recording
/// (`ID.cast`, and `ID.cast.1` before it). All 0600 in a directory of 0700.
@Loop
public final class SessionFolder: SessionStorage {
  private let path: String
  private var recordings: [SessionID: RotatingLog] = [:]
  /// A recording has at most two files of this size, in bytes.
  private static let recordingLimit = 32 * 1024 * 1024

  public nonisolated init(_ path: String) throws(CmdopError) {
    try PrivateFiles.ensureDirectory(path)
    self.path = path
  }

  private func file(_ id: SessionID, _ kind: String) -> String { "\(path)/\(id.rawValue).\(kind)" }

  public func journal(_ id: SessionID, limit: Int) throws(CmdopError) -> any DurableBytes {
    try MappedFile(path: file(id, "ring"), limit: limit)
  }

  public func keepScreen(_ bytes: [UInt8], of id: SessionID) throws(CmdopError) {
    try PrivateFiles.write(bytes, to: file(id, "screen"), isSynced: false)
  }

  public func screen(of id: SessionID) throws(CmdopError) -> [UInt8]? {
    try PrivateFiles.read(file(id, "screen"), limit: 1024 * 1024)
  }

  public func record(_ lines: [UInt8], of id: SessionID) throws(CmdopError) {
    if recordings[id] == nil {
      recordings[id] = try RotatingLog(path: file(id, "cast"), limit: Self.recordingLimit, files: 2)
    }
    recordings[id]?.append(lines)
  }

  public func recording(of id: SessionID) throws(CmdopError) -> [UInt8]? {
    let limit = 2 * Self.recordingLimit
    let newest = try PrivateFiles.read(file(id, "cast"), limit: limit)
    guard let older = try PrivateFiles.read(file(id, "cast.1"), limit: limit) else { return newest }
    return older + (newest ?? [])
  }

  public func dropJournal(of id: SessionID) {
    recordings[id] = nil
    PrivateFiles.remove(file(id, "ring"))
  }

  public func remove(_ id: SessionID) {
    recordings[id] = nil
    for kind in ["ring", "screen", "cast", "cast.1"] { PrivateFiles.remove(file(id, kind)) }
  }

  public func ids() -> [SessionID] {
    let names = PrivateFiles.names(in: path).compactMap { $0.split(separator: ".").first.map(String.init) }
    return Set(names).filter(hasIdentifierShape).map { SessionID($0) }
  }
}
