import Core
import Foundation
import Host
import Testing

/// A throwaway home whose keepers are the real binary, started as a daemon starts them. Nothing of it is left afterwards.
@Loop
final class KeeperHome {
  let folder: String
  /// Its programs have the folder in their environment, by which they are found.
  let machine: LocalMachine
  /// Every keeper that was started.
  private(set) var started: [Int32] = []
  /// Most tests need no more than one.
  private(set) lazy var daemon = newDaemon()

  var socket: String { folder + "/keeper.sock" }
  var lock: String { folder + "/keeper.lock" }
  /// What keepers have written.
  var log: String { String(decoding: contents(folder + "/keeper.stderr") ?? [], as: UTF8.self) }
  /// The one that holds the lock.
  var keeper: Int32? { InstanceLock.holder(of: lock) }

  static func run(_ body: @Loop (KeeperHome) async throws -> Void) async throws {
    try await withFolder { folder in
      let home = KeeperHome(folder)
      var failure: (any Error)?
      do { try await body(home) } catch { failure = error }
      // In a task of its own, for it must be done also when the test is cancelled because it takes too long.
      let started = home.started
      do { try await Task { try await end(folder, started) }.value } catch { failure = failure ?? error }
      if let failure { throw failure }
    }
  }

  private init(_ folder: String) { (self.folder, machine) = (folder, Machines.machine(home: folder)) }

  /// What a daemon has: a way to the keeper that serves, or to start one.
  func newDaemon() -> TerminalKeeper {
    TerminalKeeper(socket: socket) { [weak self] () throws(CmdopError) in
      guard let self else { throw CmdopError(.cancelled, "the test is over") }
      return try startKeeper()
    }
  }

  @discardableResult
  func startKeeper() throws(CmdopError) -> Int32 {
    guard let binary = Self.binary else {
      throw CmdopError(.notFound, "there is no cmdop to test", hint: "swift build --product cmdop")
    }
    let id = try Processes.startInBackground(
      binary, ["terminal-keeper", socket, lock], environment: ["PATH": "/usr/bin:/bin"],
      logFile: folder + "/keeper.stderr")
    started.append(id)
    return id
  }

  /// A keeper that no daemon has started; it serves when this returns.
  func serve() async throws -> Int32 {
    let id = try startKeeper()
    try await eventually("the keeper serves; it says: \(log)") { exists(socket) && keeper == id }
    return id
  }

  /// CMDOP_BIN, or what was built beside these tests.
  private nonisolated static let binary: String? = {
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    let beside = bundle.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let candidates = [Processes.environment["CMDOP_BIN"], beside + "/cmdop", root + "/.build/debug/cmdop"]
    return candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  nonisolated static func newID() -> SessionID { SessionID(newIdentifier()) }

  /// A terminal in which a shell does a line.
  func open(
    _ line: String, id: SessionID = newID(), size: TerminalSize = .standard, note: String = "",
    by daemon: TerminalKeeper? = nil
  ) async throws -> any Terminal {
    let order = LaunchOrder(
      arguments: ["sh", "-c", line], environment: ["TERM": "xterm", "PS1": "$ "], size: size)
    return try await open(order, id: id, note: note, by: daemon)
  }

  func open(
    _ order: LaunchOrder, id: SessionID = newID(), note: String = "", by daemon: TerminalKeeper? = nil
  ) async throws -> any Terminal {
    try await machine.openTerminal(order, id: id, note: Array(note.utf8), keeper: daemon ?? self.daemon)
  }

  /// Not on the loop: to look through all processes takes a while, and the loop is everybody's.
  private nonisolated static func end(_ folder: String, _ started: [Int32]) async throws {
    try await eventually("nothing of \(folder) runs any longer: \(ProcessList.living(in: folder))") {
      let left = ProcessList.living(in: folder)
      for id in left { Processes.end(id, forcibly: true) }
      return left.isEmpty && started.allSatisfy { !Processes.childRuns($0) }
    }
  }
}

enum Machines {
  static func machine(home: String, environment: [String: String] = ["PATH": "/usr/bin:/bin"]) -> LocalMachine {
    LocalMachine(
      account: UserAccount(name: "tester", home: home, shell: "/bin/sh", uid: Processes.ownUser),
      environment: environment)
  }
}
