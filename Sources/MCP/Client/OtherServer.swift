import Core
import NIOCore

/// One server of others. It is started in the background, and again when it has ended: after a pause that grows, and sooner
/// when somebody calls one of its tools. Its tools stay known while it is away, so that a crash does not change what the
/// model is told.
@Loop
final class OtherServer: Sendable {
  nonisolated let settings: ServerSettings
  private nonisolated let means: ServerMeans
  private let changed: @Loop () -> Void
  private(set) var tools: [OtherServerTool] = []
  private(set) var status: ServerStatus { didSet { if status != oldValue { changed() } } }

  private let change = Turnstile()
  private var session: ServerSession?
  private var conceal = Concealment([])
  private var pace = RestartPace()
  private var failure: CmdopError?
  private var failedStarts = 0
  private var (isWanted, isDue, isStale, isStopped) = (false, false, false, false)

  init(_ settings: ServerSettings, _ means: ServerMeans, changed: @escaping @Loop () -> Void) {
    (self.settings, self.means, self.changed) = (settings, means, changed)
    status = ServerStatus(settings.name, .starting)
  }

  // MARK: its life

  /// Keeps it running until `stop`, or until the task is cancelled. Returns when nothing of it runs any more.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.keepRunning() }
      try? await change.wait { isStopped }
      group.cancelAll()
    }
  }

  func stop() {
    isStopped = true
    change.wake()
  }

  private func keepRunning() async {
    while !Task.isCancelled {
      pace.began(at: .now)
      (isWanted, failure) = (false, nil)
      status.starts += 1
      status.state = .starting
      let why = await once()
      let wasReady = status.state == .ready
      session = nil
      if Task.isCancelled { return }
      pace.ended(at: .now)
      if !wasReady { failedStarts += 1 }
      failure = why
      (status.state, status.why) = (.failed, OneLine.of(why.message.cut(500)))
      means.note(settings.name, why.message, true)
      change.wake()
      do { try await pauseBeforeNext() } catch { return }
    }
  }

  private func pauseBeforeNext() async throws {
    while let next = pace.next(isWanted: isWanted), next > .now {
      try await wait(until: next, or: { [wanted = isWanted] in self.isWanted != wanted })
    }
  }

  /// One connection, from its beginning to its end; why it ended.
  private func once() async -> CmdopError {
    let link: any ServerLink
    do throws(CmdopError) { (link, conceal) = try await means.link(settings) } catch { return error }
    let session = ServerSession(link) { [weak self] in
      Loop.enqueue {
        self?.isStale = true
        self?.change.wake()
      }
    }
    let why = await withTaskGroup(of: CmdopError?.self) { group in
      group.addTask { await link.run { session.hear($0, $1) } }
      group.addTask { await self.serve(session) }
      var why = await group.next() ?? nil
      group.cancelAll()
      while let next = await group.next() { why = why ?? next }
      return why ?? CmdopError(.cancelled, "cancelled")
    }
    return conceal.error(why.explained(by: link.murmur))
  }

  /// nil: cancelled.
  private func serve(_ session: ServerSession) async -> CmdopError? {
    let settings = settings
    do throws(CmdopError) {
      try await Limited.run(max(ServerTimes.start, settings.timeout)) { () throws(LinkFault) in
        try await session.begin()
      }
      while true {
        isStale = false
        session.freshen()
        let offered = try await Limited.run(ServerTimes.list) { () throws(LinkFault) in
          try await OfferedTools.read(session, settings)
        }
        became(session, offered)
        try await pauseBeforeReading(session, offered)
      }
    } catch { return error.code == .cancelled ? nil : error }
  }

  private func became(_ session: ServerSession, _ offered: OfferedTools) {
    tools = offered.tools.map { OtherServerTool($0, of: self) }
    let greeting = session.greeting
    var next = status
    (next.state, next.why) = (.ready, offered.leftOut.first.map { "\($0.name): \($0.reason)" })
    (next.tools, next.leftOut) = (tools.count, offered.leftOut.count)
    next.revision = greeting?.revision.rawValue
    next.server = greeting?.text
    if status.state != .ready {
      means.note(settings.name, "ready with \(tools.count) tools", false)
      self.session = session
    }
    status = next
    changed()
    change.wake()
  }

  /// Until the list may be another one.
  private func pauseBeforeReading(_ session: ServerSession, _ offered: OfferedTools) async throws(CmdopError) {
    let isSilent = session.link.isDeaf || session.greeting?.revision.isStateless == true
    let lifetime = offered.lifetime ?? ServerTimes.usualLifetime
    let bounded = min(max(lifetime, ServerTimes.lifetimes.lowerBound), ServerTimes.lifetimes.upperBound)
    do {
      try await wait(until: .now + (isSilent ? bounded : .seconds(86_400)), or: { self.isStale })
      try await Task.sleep(for: ServerTimes.settling)
    } catch { throw CmdopError(.cancelled, "cancelled") }
  }

  private func wait(until time: ContinuousClock.Instant, or condition: () -> Bool) async throws {
    isDue = false
    let pause = max(time - .now, .zero)
    let alarm = Loop.eventLoop.scheduleTask(in: .milliseconds(Int64(pause / .milliseconds(1)) + 1)) {
      Loop.assumeIsolated {
        self.isDue = true
        self.change.wake()
      }
    }
    defer { alarm.cancel() }
    try await change.wait { isDue || condition() }
  }

  // MARK: calls

  /// The connection, once there is one. Throws when it could not be made, or will not be soon.
  private func ready() async throws(LinkFault) -> ServerSession {
    if let session { return session }
    let before = failedStarts
    isWanted = true
    change.wake()
    do { try await change.wait { session != nil || failedStarts > before || isFar || isStopped } } catch {
      throw LinkFault(CmdopError(.cancelled, "cancelled"), wasTaken: false, isLost: false)
    }
    if let session { return session }
    let why = failure?.message ?? "it is not there any more"
    throw LinkFault(
      CmdopError(.unavailable, why, hint: "cmdop mcp servers test \(settings.name)"), wasTaken: false, isLost: true)
  }

  /// It has been started as often as may be.
  private var isFar: Bool {
    failure != nil && pace.next(isWanted: true).map { $0 - .now > .seconds(5) } ?? false
  }

  private func lost(_ session: ServerSession) { if self.session === session { self.session = nil } }
  private func concealed(_ error: CmdopError) -> CmdopError { conceal.error(error) }

  /// Calls a tool. What does not work is an outcome: the model decides what to do about it. Throws only `cancelled`.
  nonisolated func call(_ tool: OfferedTool, _ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let limit = call.deadline.map { min(settings.timeout, $0 - .now) } ?? settings.timeout
    let notes = NotePace(call.progress)
    do throws(CmdopError) {
      guard limit > .zero else { throw CmdopError(.timeout, "there was no time left") }
      return try await Limited.run(limit) { () throws(LinkFault) in
        let result = try await self.ask(tool, call.arguments) { notes.take($0) }
        // Within its time, too: how long the reading takes is up to the server.
        return CallReading.outcome(result, of: tool)
      }
    } catch {
      if error.code == .cancelled { throw error }
      let shown = await concealed(error)
      let unsure = error.code == .timeout ? "; it was told to stop, and may have done a part" : ""
      return ToolOutcome("the MCP server \(settings.name): \(shown.message)\(unsure)", isError: true)
    }
  }

  private nonisolated func ask(
    _ tool: OfferedTool, _ arguments: JSON, _ hear: @escaping @Sendable (String) -> Void
  ) async throws(LinkFault) -> JSON {
    var isAgain = false
    while true {
      let session = try await ready()
      do throws(LinkFault) {
        return try await session.request(
          "tools/call", ["name": .string(tool.wire), "arguments": arguments], name: tool.wire,
          headers: tool.headers.filled(arguments), hear: hear)
      } catch {
        if error.isLost { await lost(session) }
        // Once more where it surely was not done: a server that was restarted knows our session no more.
        if error.isLost, !error.wasTaken, !isAgain { isAgain = true; continue }
        guard error.isLost || error.error.code == .connectionLost else { throw error }
        let unsure = error.wasTaken ? " in the middle of the call; whether it was done is not known" : ""
        throw LinkFault(
          CmdopError(error.error.code, error.error.message + unsure), wasTaken: error.wasTaken, isLost: error.isLost)
      }
    }
  }
}
