import Core
import Session
import Tools
import Wire

/// What can be asked of a session without attaching to it.
extension MachineService {
  func serveSession(_ request: Cmdop_V1_SessionRequest, on call: CallStream, as caller: Caller) async throws {
    if case .save(let format)? = request.ask { return try await save(request.session, format, on: call, as: caller) }
    if request.ask == nil, let ended = try? await terminals.endedCard(request.session) {
      try call.send(AgentMessage(.sessionDetails(.filled { $0.card = ended })))
      return try call.send(AgentMessage.ended(.exited(code: 0)))
    }
    if let card = await conversation(request.session) {
      return try await serve(request, of: card, on: call, as: caller)
    }
    let live = try await terminals.find(request.session)
    switch request.ask {
    case .rename(let name):
      try tools.admit(caller, toChangeSession: "rename a session")
      live.name = try terminals.freeName(name)
    case .detachClient(let client):
      try tools.admit(caller, toChangeSession: "send clients away")
      guard live.dismiss(client: client, by: caller.subject) else {
        throw CmdopError(
          .notFound, "no client \"\(client)\" is attached to session \(live.name)",
          hint: "cmdop session show \(live.name)")
      }
    case .idleTtlSeconds(let seconds):
      try tools.admit(caller, toChangeSession: "change a session")
      guard (30...2_592_000).contains(seconds) else {
        throw CmdopError(.badUsage, "an idle time is 30 s to 30 days, not \(seconds) s")
      }
      live.idleLimit = .seconds(Int64(seconds))
    case .graceSeconds(let seconds):
      try tools.admit(caller, toChangeSession: "change a session")
      guard seconds == 0 || (30...2_592_000).contains(seconds) else {
        throw CmdopError(.badUsage, "a grace time is 30 s to 30 days, not \(seconds) s")
      }
      live.graceSeconds = seconds
    case .record(let on):
      try tools.admit(caller, toChangeSession: "record a session")
      terminals.record(live, on)
    case .save, nil: break
    }
    if request.ask != nil {
      terminals.renewNote(of: live)
      terminals.changed(live)
      await terminals.file(live)
    }
    try call.send(AgentMessage(.sessionDetails(live.details), session: live.id))
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }

  private func save(
    _ session: String, _ format: Cmdop_V1_SessionRequest.SaveFormat, on call: CallStream, as caller: Caller
  ) async throws {
    var content: [UInt8]
    if let live = try? await terminals.find(session) {
      content = try format == .text ? Array(await live.text().utf8) : recording(of: live.id, live) ?? live.asciicast()
    } else {
      guard let ended = try await terminals.findEnded(session) else { throw try await missing(session) }
      guard let found = try format == .text ? storage.screen(of: ended.id) : recording(of: ended.id, nil) else {
        throw CmdopError(
          .notFound, "session \(ended.name) has ended, and \(format == .text ? "its screen" : "no recording") is kept",
          hint: "cmdop session save \(ended.id) --text --to FILE")
      }
      content = found
    }
    var offset = 0
    while offset < content.count {
      let end = min(offset + Limits.piece, content.count)
      try call.send(AgentMessage(.saved(.init(offset: UInt64(offset), bytes: content[offset..<end]))))
      try await call.waitUntilWritable()
      offset = end
    }
    try call.send(AgentMessage.ended(.exited(code: 0)))
  }

  private func missing(_ session: String) async throws -> CmdopError {
    do {
      _ = try await terminals.find(session)
      return CmdopError(.internalError, "session \(session) cannot be read")
    } catch { return CmdopError(error) }
  }

  /// A recording has only events: what it begins with is said here.
  private func recording(of id: SessionID, _ live: LiveTerminal?) throws(CmdopError) -> [UInt8]? {
    guard let events = try storage.recording(of: id) else { return nil }
    return Asciicast.head(
      live?.currentSize ?? .standard, startedAt: live?.createdAt ?? 0, title: live?.name ?? id.rawValue) + events
  }
}

extension TerminalTable {
  /// The card of a session that has ended; throws when it lives or is not known.
  func endedCard(_ words: String) async throws(CmdopError) -> Cmdop_V1_SessionCard? {
    if (try? await find(words)) != nil { return nil }
    return try await findEnded(words).map { record in
      .filled {
        ($0.sessionID, $0.name, $0.state) = (record.id.rawValue, record.name, .disconnected)
        ($0.createdAtMs, $0.lastActiveAtMs) = (record.createdAt, record.lastActiveAt)
        $0.endedAtMs = record.endedAt ?? 0
        if let status = record.exitStatus { $0.exitStatus = status }
      }
    }
  }
}

extension LiveTerminal {
  var card: Cmdop_V1_SessionCard {
    .filled {
      $0.sessionID = id.rawValue
      $0.name = name
      $0.state = isInBackground ? .background : .connected
      $0.createdAtMs = createdAt
      $0.lastActiveAtMs = lastActiveAt
      $0.clients = UInt32(clamping: viewers.count)
      $0.command = whatRuns()?.command ?? ""
      $0.graceSeconds = graceSeconds
      if let end {
        $0.state = .disconnected
        $0.endedAtMs = lastActiveAt
        if end != .unknown { $0.exitStatus = end.shellStatus }
      }
    }
  }

  var details: Cmdop_V1_SessionDetails {
    .filled {
      $0.card = card
      $0.clients = viewers.map { viewer in
        .filled {
          ($0.clientID, $0.subject, $0.observes) = (viewer.client, viewer.subject, viewer.observes)
          $0.sinceMs = viewer.since
          ($0.rows, $0.columns) = (UInt32(viewer.size.rows), UInt32(viewer.size.columns))
        }
      }
      ($0.rows, $0.columns) = (UInt32(currentSize.rows), UInt32(currentSize.columns))
      $0.directory = whatRuns()?.directory ?? ""
      $0.title = title
      ($0.output, $0.outputKeptFrom) = (outputEnd, outputStart)
      $0.processID = Int64(processID)
      $0.idleTtlSeconds = UInt32(clamping: Int(idleLimit / .seconds(1)))
      $0.recording = isRecorded
    }
  }
}
