public import Core
import Synchronization

/// Long work under a number, so that it can be asked for later: shell tasks, and whatever else others add.
public final class TaskTable: Sendable {
  /// Who may see and end a task: the conversation that it belongs to; outside of one, the caller.
  public struct Owner: Hashable, Sendable {
    let text: String
    /// Whom its bounds count for. What a program calls itself gives nobody more room.
    let person: String

    public init(of call: ToolCall) {
      let caller = call.caller
      person = call.conversation.map { "conversation \($0)" } ?? "\(caller.kind) \(caller.person) \(caller.fleet)"
      text =
        call.conversation.map { "conversation \($0)" }
        ?? "\(caller.kind) \(caller.subject) \(caller.fleet) \(caller.via.map(\.description).joined(separator: " "))"
    }
  }

  public enum State: String, Hashable, Sendable { case running, succeeded, failed, cancelled }

  public struct Status: Hashable, Sendable {
    public let id: String
    /// The tool that has begun it.
    public let tool: String
    /// A line for people: "make test".
    public let title: String
    public var state: State
    /// How far it is, or how it went.
    public var detail: String
    /// What the tool has to say of it as data.
    public var value: JSON?
    /// Milliseconds since 1970.
    public let startedAt: Int64
    public var endedAt: Int64?
  }

  /// More at once is a model that has lost count.
  public static let runningPerOwner = 16
  public static let runningInAll = 128
  /// How long the end of a task can be asked for.
  public static let kept = Duration.seconds(3600)
  public static let endedPerOwner = 32
  /// Ended ones of all owners: a bound for many short conversations.
  static let endedInAll = 1024

  struct Entry {
    let owner: Owner
    var status: Status
    var ends: (@Sendable () -> Void)?
    var endedAt: ContinuousClock.Instant?
    /// What the tool itself keeps of it.
    let payload: (any Sendable)?
  }
  private let entries = Mutex<[String: Entry]>([:])
  private let wallClock: @Sendable () -> Int64
  private let now: @Sendable () -> ContinuousClock.Instant

  /// `wallClock`: milliseconds since 1970.
  public init(
    wallClock: @escaping @Sendable () -> Int64, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
  ) {
    (self.wallClock, self.now) = (wallClock, now)
  }

  /// Throws `limit` when too many run. `ends`: called by `cancel`, at most once, from anywhere; it must not block, and the
  /// work says itself when it is over.
  public func add(
    tool: String, title: String, owner: Owner, ends: @escaping @Sendable () -> Void
  ) throws(CmdopError) -> TaskHandle {
    try add(tool: tool, title: title, owner: owner, payload: nil, ends: ends)
  }

  func add(
    tool: String, title: String, owner: Owner, payload: (any Sendable)?, ends: @escaping @Sendable () -> Void
  ) throws(CmdopError) -> TaskHandle {
    let id = "task_" + String(UInt64.random(in: 0...UInt64.max), radix: 16)
    let status = Status(id: id, tool: tool, title: title, state: .running, detail: "", startedAt: wallClock())
    let fault = entries.withLock { entries -> CmdopError? in
      prune(&entries)
      let running = entries.values.filter { $0.status.state == .running }
      guard running.count < Self.runningInAll,
        running.count(where: { $0.owner.person == owner.person }) < Self.runningPerOwner
      else {
        return CmdopError(
          .limit, "\(Self.runningPerOwner) tasks run already", hint: "end one of them first: shell_kill")
      }
      entries[id] = Entry(owner: owner, status: status, ends: ends, payload: payload)
      return nil
    }
    if let fault { throw fault }
    return TaskHandle(id: id, table: self)
  }

  /// Throws `notFound`, for another owner's too.
  public func status(_ id: String, owner: Owner) throws(CmdopError) -> Status { try entry(id, owner).status }

  func payload(_ id: String, owner: Owner) throws(CmdopError) -> (any Sendable)? { try entry(id, owner).payload }

  /// The newest first.
  public func list(owner: Owner) -> [Status] {
    entries.withLock { entries in
      prune(&entries)
      return entries.values.filter { $0.owner == owner }.map(\.status)
    }.sorted { ($1.startedAt, $1.id) < ($0.startedAt, $0.id) }
  }

  /// Asks it to end. Throws `notFound`; nothing happens to one that has ended.
  public func cancel(_ id: String, owner: Owner) throws(CmdopError) {
    _ = try entry(id, owner)
    let ends = entries.withLock { entries in
      defer { entries[id]?.ends = nil }
      return entries[id]?.ends
    }
    ends?()
  }

  /// Asks all to end.
  func cancelAll() {
    let ends = entries.withLock { entries in
      let ends = entries.values.compactMap(\.ends)
      for id in entries.keys { entries[id]?.ends = nil }
      return ends
    }
    for end in ends { end() }
  }

  private func entry(_ id: String, _ owner: Owner) throws(CmdopError) -> Entry {
    let entry = entries.withLock { entries in
      prune(&entries)
      return entries[id]
    }
    guard let entry, entry.owner == owner else {
      throw CmdopError(
        .notFound, "there is no task \(OneLine.of(String(id.prefix(64))))",
        hint: "shell_tasks with action list shows yours")
    }
    return entry
  }

  fileprivate func change(_ id: String, _ body: (inout Entry) -> Void) {
    entries.withLock { entries in
      guard var entry = entries[id], entry.status.state == .running else { return }
      body(&entry)
      if entry.status.state != .running {
        (entry.endedAt, entry.status.endedAt, entry.ends) = (now(), wallClock(), nil)
      }
      entries[id] = entry
      prune(&entries)
    }
  }

  /// Forgets the ended ones that are old or too many, the oldest first.
  private func prune(_ entries: inout [String: Entry]) {
    let limit = now() - Self.kept
    let ended = entries.compactMap { id, entry in entry.endedAt.map { (id: id, owner: entry.owner, at: $0) } }
      .sorted { $0.at > $1.at }
    var perOwner: [String: Int] = [:]
    for (index, entry) in ended.enumerated() {
      perOwner[entry.owner.person, default: 0] += 1
      let isTooMuch = perOwner[entry.owner.person, default: 0] > Self.endedPerOwner || index >= Self.endedInAll
      if entry.at < limit || isTooMuch { entries[entry.id] = nil }
    }
  }
}

/// The work's own side of a task.
public struct TaskHandle: Sendable {
  public let id: String
  fileprivate let table: TaskTable

  /// How far it is.
  public func note(_ detail: String, value: JSON? = nil) {
    table.change(id) { entry in
      entry.status.detail = detail
      if let value { entry.status.value = value }
    }
  }

  /// It is over. Only the first counts.
  public func finish(_ state: TaskTable.State, _ detail: String, value: JSON? = nil) {
    table.change(id) { entry in
      (entry.status.state, entry.status.detail) = (state == .running ? .succeeded : state, detail)
      if let value { entry.status.value = value }
    }
  }
}
