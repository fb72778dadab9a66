import Core

extension KeeperWriter {
  /// Most requests begin with the terminal they are about.
  init(_ id: SessionID) { add(id.rawValue) }

  static var hello: KeeperWriter {
    var body = KeeperWriter()
    body.add(KeeperFrame.version)
    return body
  }
}

extension KeeperLink.Received {
  /// What `done` says: an errno, 0 when it was done.
  var failure: CInt? {
    var reader = KeeperReader(frame.body)
    return frame.kind == KeeperFrame.Kind.done.rawValue ? reader.int32() : nil
  }
}

/// What a keeper says of itself.
struct KeeperWelcome {
  let version: UInt32
  let pid: Int32
  let count: UInt32
  /// Of its program; older ones do not say.
  let program: String

  init(_ received: KeeperLink.Received) {
    var reader = KeeperReader(received.frame.body)
    version = reader.uint32() ?? 0
    pid = reader.int32() ?? 0
    count = reader.uint32() ?? 0
    program = reader.text() ?? ""
  }

  /// It keeps nothing, and a keeper of our own version would do it better.
  var isOutdated: Bool { count == 0 && program != CmdopVersion.program }
}

/// One terminal in a keeper's list.
struct KeptEntry {
  let id: SessionID
  let pid: Int32
  /// Milliseconds since 1970.
  let started: Int64
  let note: [UInt8]
  let end: ProgramEnd?

  init?(_ received: KeeperLink.Received) {
    var reader = KeeperReader(received.frame.body)
    guard received.frame.kind == KeeperFrame.Kind.kept.rawValue, received.descriptor >= 0, let id = reader.text(),
      let pid = reader.int32(), let started = reader.int64(), let note = reader.data()
    else { return nil }
    (self.id, self.pid, self.started, self.note, end) = (SessionID(id), pid, started, note, reader.end())
  }
}
