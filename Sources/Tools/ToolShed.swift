public import Core
public import Host
import Synchronization

/// All that this machine's tools keep between calls: tasks, the output of commands, what was read. One per daemon.
public final class ToolShed: Sendable {
  public struct Settings: Sendable {
    /// Whom commands run as.
    public var user: UserAccount
    /// The daemon's variables; only an allowlist of them reaches a command.
    public var environment: [String: String]
    /// A folder of its own, made if need be: CMDOP_HOME/spool.
    public var spool: String

    public init(user: UserAccount, environment: [String: String], spool: String) {
      (self.user, self.environment, self.spool) = (user, environment, spool)
    }
  }

  /// In the order of the catalogue.
  public let tools: [any MachineTool]
  public let tasks: TaskTable
  /// Threads for short work on files: checking paths, reading, writing. A disk that hangs holds these, and nothing else.
  public let files: SlowWork
  let spools: SpoolFolder
  private let nursery = Nursery()

  public init(_ settings: Settings) throws(CmdopError) {
    tasks = TaskTable(wallClock: wallClock)
    files = SlowWork("calls for files", threads: 4, most: 64)
    spools = try SpoolFolder(settings.spool)
    let parts = ToolParts(
      environment: CommandOrder.environment(of: settings.user, from: settings.environment),
      spools: spools, tasks: tasks, files: files,
      searches: SlowWork("searches", threads: 2, most: 32), nursery: nursery)
    tools = try ToolParts.all(parts)
  }

  /// Parent of everything that outlives its call. When it is cancelled it ends all tasks and returns once they are over.
  public func run() async {
    await withTaskCancellationHandler {
      await nursery.run()
    } onCancel: {
      tasks.cancelAll()
    }
  }
}

/// What the tools share.
struct ToolParts: Sendable {
  let environment: [String: String]
  let spools: SpoolFolder
  let tasks: TaskTable
  let files: SlowWork
  /// Searches take seconds: they have threads of their own, so that reading a file does not wait behind them.
  let searches: SlowWork
  let nursery: Nursery
  let readings = ReadBook()
  let commands = CommandCount()

  static func all(_ parts: ToolParts) throws(CmdopError) -> [any MachineTool] {
    [
      try ExecuteCommand(parts), try ShellTasks(parts), try ShellKill(parts), try TaskStatus(parts),
      try ReadFile(parts),
      try WriteFile(parts), try EditFile(parts), try ListDirectory(parts), try Glob(parts), try Grep(parts),
    ]
  }

  static func definitions() throws(CmdopError) -> [ToolDefinition] {
    [
      try ExecuteCommand.define(), try ShellTasks.define(), try ShellKill.define(), try TaskStatus.define(),
      try ReadFile.define(), try WriteFile.define(), try EditFile.define(), try ListDirectory.define(),
      try Glob.define(),
      try Grep.define(),
    ]
  }
}

/// Bounds the commands that run at once: each has a thread and a guard.
final class CommandCount: Sendable {
  static let most = 64
  private let count = Mutex(0)

  func enter() throws(CmdopError) {
    let isIn = count.withLock { count in
      if count >= Self.most { return false }
      count += 1
      return true
    }
    guard isIn else {
      throw CmdopError(.limit, "\(Self.most) commands run already on this machine", retryAfter: .seconds(5))
    }
  }

  func leave() { count.withLock { $0 -= 1 } }
}
