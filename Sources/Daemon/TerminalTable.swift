import Core
import Session
import Tools
import Wire

/// The terminals that live on this machine.
@Loop
final class TerminalTable: Sendable {
  private var terminals: [SessionID: LiveTerminal] = [:]
  private let tools: ToolBelt
  private let nursery: Nursery
  private let now: @Sendable () -> Int64
  /// Told when a terminal is new, has changed, or has ended.
  var whenChanged: (@Loop (LiveTerminal) -> Void)?

  init(tools: ToolBelt, nursery: Nursery, now: @escaping @Sendable () -> Int64) {
    (self.tools, self.nursery, self.now) = (tools, nursery, now)
  }

  var living: [LiveTerminal] { terminals.values.filter { $0.end == nil } }

  /// By id, or by name.
  func find(_ words: String) throws(CmdopError) -> LiveTerminal {
    let hits =
      hasIdentifierShape(words)
      ? living.filter { $0.id.rawValue == words.lowercased() }
      : living.filter { $0.name == words || (words.count >= 4 && $0.id.rawValue.hasPrefix(words.lowercased())) }
    if hits.count == 1 { return hits[0] }
    if hits.isEmpty {
      throw CmdopError(.notFound, "no session \"\(words)\" lives on this machine", hint: "cmdop session list")
    }
    throw CmdopError(
      .ambiguous, "\"\(words)\" could be \(hits.map(\.id.rawValue).sorted().joined(separator: ", "))",
      hint: "give the whole id")
  }

  func open(_ start: Cmdop_V1_StartSessionCommand, as caller: Caller) async throws(CmdopError) -> LiveTerminal {
    guard living.count < Limits.sessionsPerMachine else {
      throw CmdopError(
        .limit, "\(Limits.sessionsPerMachine) sessions live on this machine already",
        hint: "cmdop session list, then: cmdop session destroy ID")
    }
    let name = try freeName(start.name)
    let id = SessionID(newIdentifier())
    let size = TerminalSize(rows: start.rows, columns: start.columns)
    var environment = start.environment.filter { key, value in
      (key == "COLORTERM" || key == "LANG" || key.hasPrefix("LC_")) && value.utf8.count < 256
    }
    environment["TERM"] = start.term.isEmpty || start.term.utf8.count > 64 ? "xterm-256color" : start.term
    environment["CMDOP_SESSION_ID"] = id.rawValue
    let terminal = try await tools.openTerminal(
      LaunchOrder(environment: environment, directory: start.directory.isEmpty ? nil : start.directory, size: size),
      as: caller)
    let live = LiveTerminal(id: id, name: name, terminal: terminal, size: size, now: now)
    terminals[id] = live
    whenChanged?(live)
    nursery.start { await self.keep(live) }
    return live
  }

  private func keep(_ live: LiveTerminal) async {
    await live.run()
    terminals[live.id] = nil
    whenChanged?(live)
  }

  /// The given name if it is free, else one made from a counter.
  private func freeName(_ wanted: String) throws(CmdopError) -> String {
    let taken = Set(living.map(\.name))
    if wanted.isEmpty {
      return (1...).lazy.map { "term-\($0)" }.first { !taken.contains($0) } ?? "term"
    }
    guard wanted.utf8.count <= 64,
      wanted.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
    else {
      throw CmdopError(.badUsage, "a session's name has 1 to 64 letters, digits, \"-\", \"_\" or \".\"")
    }
    if taken.contains(wanted) {
      throw CmdopError(
        .exists, "a session named \"\(wanted)\" lives here already", hint: "attach to it: --session \(wanted)")
    }
    return wanted
  }

  func tick() { for live in living { live.tick() } }

  func destroyAll() { for live in living { live.destroy() } }
}

extension LiveTerminal {
  var card: Cmdop_V1_SessionCard {
    .filled {
      $0.sessionID = id.rawValue
      $0.name = name
      $0.state = .connected
      $0.createdAtMs = createdAt
      $0.lastActiveAtMs = lastActiveAt
      $0.clients = UInt32(clamping: viewers.count)
      if let end {
        $0.state = .disconnected
        $0.endedAtMs = lastActiveAt
        if end != .unknown { $0.exitStatus = end.shellStatus }
      }
    }
  }
}
