import Core
import Foundation
import Host
import NIOCore
import Testing

/// A keeper in a process of its own, as a daemon would start it: the real binary. Ends with the test.
struct Keeper: Sendable {
  let id: Int32
  let folder: String
  let lock: String
  let keeper: TerminalKeeper
  var socket: String { folder + "/keeper.sock" }

  static func run(
    isolation: isolated (any Actor)? = #isolation, _ body: (Keeper) async throws -> Void
  ) async throws {
    try await withFolder { folder in
      let (socket, lock) = (folder + "/keeper.sock", folder + "/keeper.lock")
      let id = try Processes.startInBackground(
        try binary(), ["terminal-keeper", socket, lock], environment: ["PATH": "/usr/bin:/bin"],
        logFile: folder + "/log")
      var failure: (any Error)?
      do {
        try await eventually("the keeper serves") { exists(socket) && InstanceLock.holder(of: lock) == id }
        let keeper = await TerminalKeeper(socket: socket) { () throws(CmdopError) in
          throw CmdopError(.wrongState, "there should be one")
        }
        try await body(Keeper(id: id, folder: folder, lock: lock, keeper: keeper))
      } catch { failure = error }
      Processes.end(id, forcibly: true)
      try await eventually("the keeper is gone") { !Processes.childRuns(id) }
      if let failure { throw failure }
    }
  }

  /// CMDOP_BIN, or what was built beside these tests.
  private static func binary() throws -> String {
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    let beside = bundle.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
    let candidates = [Processes.environment["CMDOP_BIN"], beside + "/cmdop", root + "/.build/debug/cmdop"]
    return try #require(candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) })
  }

  /// Starts `words` on a terminal of this keeper.
  @Loop
  func open(_ words: [String], size: TerminalSize = .standard, note: String = "") async throws -> any Terminal {
    try await Machines.machine(home: folder).openTerminal(
      LaunchOrder(arguments: words, environment: ["TERM": "xterm", "PS1": "$ "], size: size),
      id: SessionID(newIdentifier()), note: Array(note.utf8), keeper: keeper)
  }
}

enum Machines {
  static func machine(home: String, environment: [String: String] = ["PATH": "/usr/bin:/bin"]) -> LocalMachine {
    LocalMachine(
      account: UserAccount(name: "tester", home: home, shell: "/bin/sh", uid: Processes.ownUser),
      environment: environment)
  }
}

/// Follows what a terminal prints.
@Loop
final class Reader {
  private(set) var text = ""
  private(set) var hasEnded = false
  private let news = Turnstile()
  let terminal: any Terminal

  init(_ terminal: any Terminal) throws(CmdopError) {
    self.terminal = terminal
    try terminal.start { [weak self] piece in
      if let piece { self?.text += String(buffer: piece) } else { self?.hasEnded = true }
      self?.news.wake()
    }
  }

  func saw(_ wanted: String) async throws { try await news.wait { text.contains(wanted) } }
  func ended() async throws { try await news.wait { hasEnded } }

  /// How the program ended; nil when nobody has said so within 10 s.
  func howItEnded() async -> ProgramEnd? {
    let terminal = terminal
    return await withTaskGroup(of: ProgramEnd?.self) { group in
      group.addTask { await terminal.end() }
      group.addTask {
        try? await Task.sleep(for: .seconds(10))
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  func type(_ keys: String) async { await terminal.write(ByteBuffer(string: keys)) }
}
