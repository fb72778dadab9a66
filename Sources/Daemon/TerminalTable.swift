import Core
import Logging
import Session
import Tools
import Wire

/// The terminals of this machine: those that live, and the cards of those that have ended.
@Loop
final class TerminalTable: Sendable {
  struct Options: Sendable {
    var machine: MachineID
    var fleet: FleetID
    /// Terminals that may live at once.
    var most: Int
  }

  private(set) var terminals: [SessionID: LiveTerminal] = [:]
  /// Who left which terminal last, for those who come back without naming it.
  private var lastLeft: [SessionID: Visitor] = [:]
  /// The share links by which guests opened terminals.
  var shares: [SessionID: String] = [:]
  /// The machine is not theirs to fill.
  private static let mostPerShare = 4

  /// Guests of two links may have the same name.
  private struct Visitor: Hashable {
    let subject: String
    let share: String?
    init(_ caller: Caller) { (subject, share) = (caller.subject, caller.guest?.share) }
  }
  let options: Options
  let tools: ToolBelt
  let storage: any SessionStorage
  let directory: SessionDirectory
  let log: Logger
  let now: @Sendable () -> Int64
  private let nursery: Nursery
  /// Those that are being started: their files are there before their cards.
  private(set) var opening: Set<SessionID> = []
  var settings = Cmdop_V1_FleetSettings.standard
  /// Told when a terminal is new, has changed, or has ended.
  var whenChanged: (@Loop (Cmdop_V1_SessionCard) -> Void)?

  init(
    _ options: Options, tools: ToolBelt, storage: any SessionStorage, directory: SessionDirectory, nursery: Nursery,
    log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    (self.options, self.tools, self.storage, self.directory) = (options, tools, storage, directory)
    (self.nursery, self.log, self.now) = (nursery, log, now)
  }

  var living: [LiveTerminal] { terminals.values.filter { $0.end == nil } }

  // MARK: finding

  /// By id, unique beginning of one, or name. Throws `wrong_state` for one that has ended.
  func find(_ words: String) async throws(CmdopError) -> LiveTerminal {
    let hits = sessions(meantBy: words, among: living, id: \.id, name: \.name)
    if hits.count == 1 { return hits[0] }
    if let ended = hits.isEmpty ? try await findEnded(words) : nil {
      throw CmdopError(
        .wrongState, "session \(ended.name) has ended\(ended.exitStatus.map { " with exit status \($0)" } ?? "")",
        hint: "cmdop session show \(ended.id)")
    }
    throw Self.refusal(words, hits.map(\.id))
  }

  /// The newest ended session of that id or name, if there is one.
  func findEnded(_ words: String) async throws(CmdopError) -> SessionRecord? {
    let ended = try await directory.list(options.fleet, machine: options.machine, includeEnded: true)
      .filter { $0.endedAt != nil }
    return sessions(meantBy: words, among: ended, id: \.id, name: \.name).first
  }

  private static func refusal(_ words: String, _ hits: [SessionID]) -> CmdopError {
    hits.isEmpty
      ? CmdopError(.notFound, "no session \"\(words)\" lives on this machine", hint: "cmdop session list")
      : CmdopError(
        .ambiguous, "\"\(words)\" could be \(hits.map(\.rawValue).sorted().joined(separator: ", "))",
        hint: "give the whole id")
  }

  /// The terminal that this caller left last and that nobody is attached to.
  func lastLeft(by caller: Caller) -> LiveTerminal? {
    living.filter { $0.viewers.isEmpty && lastLeft[$0.id] == Visitor(caller) }
      .max { $0.lastActiveAt < $1.lastActiveAt }
  }

  func left(_ live: LiveTerminal, by caller: Caller) {
    // People come back to terminals of people, guests to those of their link: who visits the other's leaves no mark.
    if shares[live.id] == caller.guest?.share { lastLeft[live.id] = Visitor(caller) }
    changed(live)
  }

  // MARK: opening

  func open(_ start: Cmdop_V1_StartSessionCommand, as caller: Caller) async throws(CmdopError) -> LiveTerminal {
    guard living.count < options.most else {
      throw CmdopError(
        .limit, "\(living.count) sessions live on this machine, and no more than \(options.most) may",
        hint: "cmdop session destroy --idle 24h   # or CMDOP_MAX_SESSIONS for its daemon")
    }
    let share = caller.guest?.share
    guard share == nil || living.count(where: { shares[$0.id] == share }) < Self.mostPerShare else {
      throw CmdopError(
        .limit, "\(Self.mostPerShare) terminals of your link live on this machine, and no more may",
        hint: "go back to one of them, or end one: exit")
    }
    let origin = LiveTerminal.Origin(
      id: SessionID(newIdentifier()), name: try freeName(start.name), createdAt: now(),
      idleLimit: .seconds(Int64(start.idleTtlSeconds > 0 ? start.idleTtlSeconds : settings.idleTtlSeconds)))
    let isRecorded = start.hasRecord ? start.record : settings.record
    opening.insert(origin.id)
    defer { opening.remove(origin.id) }
    let journal = try Journal(
      new: storage.journal(origin.id, limit: Journal.fileSize(capacity: Limits.journal)), of: origin.id,
      capacity: Limits.journal)
    if !start.historyBytes.isEmpty { start.historyBytes.withUnsafeBytes { journal.append($0) } }
    do {
      let terminal = try await tools.openTerminal(
        order(start, origin), id: origin.id, note: Self.note(origin, isRecorded: isRecorded, share: share),
        as: caller)
      let live = LiveTerminal(origin, terminal: terminal, journal: journal, now: now)
      shares[live.id] = share
      await take(live, isRecorded: isRecorded)
      return live
    } catch {
      storage.remove(origin.id)
      throw error
    }
  }

  private func order(_ start: Cmdop_V1_StartSessionCommand, _ origin: LiveTerminal.Origin) -> LaunchOrder {
    var environment = start.environment.filter { key, value in
      (key == "COLORTERM" || key == "LANG" || key.hasPrefix("LC_")) && value.utf8.count < 256
    }
    environment["TERM"] = start.term.isEmpty || start.term.utf8.count > 64 ? "xterm-256color" : start.term
    environment["CMDOP_SESSION_ID"] = origin.id.rawValue
    return LaunchOrder(
      arguments: start.arguments, environment: environment, directory: start.directory.isEmpty ? nil : start.directory,
      size: TerminalSize(rows: start.rows, columns: start.columns))
  }

  /// From now on it is one of ours: it is kept until it ends.
  func take(_ live: LiveTerminal, isRecorded: Bool) async {
    terminals[live.id] = live
    let (storage, id, log) = (storage, live.id, log)
    live.keepScreens { drawing in
      do { try storage.keepScreen(drawing, of: id) } catch {
        log.warning(
          "a screen could not be kept", metadata: ["session": "\(id)", "why": "\(CmdopError(error).message)"])
      }
    }
    live.journal(cramped: { size in
      log.warning("the disk is full: less output is kept", metadata: ["session": "\(id)", "bytes": "\(size)"])
    })
    live.whenClientsChange = { [weak self, weak live] _ in if let live { self?.changed(live) } }
    if isRecorded { record(live, true) }
    changed(live)
    await file(live)
    nursery.start { await self.keep(live) }
  }

  func record(_ live: LiveTerminal, _ on: Bool) {
    let (storage, id) = (storage, live.id)
    // A full disk must not end the session; the recording then lacks lines.
    if on { live.record { line in try? storage.record(line, of: id) } } else { live.record(nil) }
  }

  private func keep(_ live: LiveTerminal) async {
    do { try await live.run() } catch {
      log.error("a terminal could not be read", metadata: ["session": "\(live.id)", "why": "\(error.message)"])
    }
    // Cancelled: the daemon ends, the terminal goes on.
    guard live.end != nil else { return }
    try? storage.keepScreen(Array(await live.text().utf8), of: live.id)
    await file(live)
    tools.forget(live.id)
    storage.dropJournal(of: live.id)
    terminals[live.id] = nil
    (lastLeft[live.id], shares[live.id]) = (nil, nil)
    changed(live)
  }

  // MARK: what is known of them

  func changed(_ live: LiveTerminal) { whenChanged?(live.card) }

  func file(_ live: LiveTerminal) async {
    do { try await directory.file(record(of: live)) } catch {
      log.error("a session's card could not be kept", metadata: ["session": "\(live.id)", "why": "\(error.message)"])
    }
  }

  private func record(of live: LiveTerminal) -> SessionRecord {
    SessionRecord(
      id: live.id, name: live.name, machine: options.machine, fleet: options.fleet,
      state: live.end == nil ? .connected : .disconnected, createdAt: live.createdAt, lastActiveAt: live.lastActiveAt,
      endedAt: live.end == nil ? nil : live.lastActiveAt,
      exitStatus: live.end.flatMap { $0 == .unknown ? nil : $0.shellStatus }, clients: live.viewers.count)
  }

  /// The given name if it is free, else one made from a counter.
  func freeName(_ wanted: String) throws(CmdopError) -> String {
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
}

extension Cmdop_V1_FleetSettings {
  /// What holds before a relay has said anything.
  static let standard = Self.filled {
    ($0.graceSeconds, $0.backgroundSeconds, $0.idleTtlSeconds) = (30, 3600, 7 * 86_400)
  }
}
