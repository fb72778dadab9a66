import Core
import FoundationEssentials
import Host
import Synchronization
import Testing

@testable import Tools

/// A machine's tools in a folder of their own. `body` may use them; afterwards nothing of it runs and the folder is gone.
final class ToolBench: Sendable {
  let folder: String
  let shed: ToolShed
  let catalogue: ToolCatalogue
  private let shown = Mutex("")
  /// What the calls have shown while they ran.
  var text: String { shown.withLock { $0 } }

  static func run(
    environment: [String: String] = [:], _ body: @Sendable @escaping (ToolBench) async throws -> Void
  ) async throws {
    let folder = "/tmp/cmdop-tools-" + String(UInt32.random(in: 0...UInt32.max), radix: 16)
    try PrivateFiles.ensureDirectory(folder + "/work")
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let bench = try ToolBench(folder, environment)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await bench.shed.run() }
      group.addTask { try await body(bench) }
      try await group.next()
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  init(_ folder: String, _ environment: [String: String]) throws {
    self.folder = folder
    let account = try UserAccount.current()
    let user = UserAccount(name: account.name, home: folder, shell: account.shell, uid: account.uid)
    shed = try ToolShed(.init(user: user, environment: environment, spool: folder + "/spool"))
    catalogue = try ToolCatalogue(own: shed.tools)
  }

  var work: String { folder + "/work" }

  /// As the belt does it, without the judgement.
  func call(
    _ tool: String, _ arguments: JSON, by subject: String = "ann", in conversation: String? = "one"
  ) async throws -> ToolOutcome {
    guard case .own(let tool)? = catalogue[tool] else { throw CmdopError(.notFound, "no tool \(tool)") }
    let faults = tool.definition.input.faults(of: arguments)
    guard faults.isEmpty else { throw CmdopError(.badUsage, faults.joined(separator: "; ")) }
    let caller = Caller(kind: .local, subject: subject, role: .owner, fleet: FleetID(rawValue: "f"))
    let call = ToolCall(
      id: "1", tool: tool.definition.name, arguments: arguments, caller: caller,
      conversation: conversation.map { SessionID($0) }
    ) { progress in if case .output(let text) = progress { self.shown.withLock { $0 += text } } }
    let judged = try JudgedCall.check(call, tool.definition, directory: work, home: folder)
    let outcome = try await tool.call(judged)
    if let value = outcome.value {
      #expect(tool.definition.output.faults(of: value) == [], "\(value.text.prefix(300))")
    }
    return outcome
  }

  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let path = "\(work)/\(name)"
    let parent = path.split(separator: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: "/" + parent, withIntermediateDirectories: true)
    try Data(bytes).write(to: URL(filePath: path))
  }
  func read(_ name: String) throws -> String {
    String(decoding: try PrivateFiles.read("\(work)/\(name)", limit: 64 << 20) ?? [], as: UTF8.self)
  }
}

/// Looks again until it is so. No sleep of a fixed length: the condition decides.
func eventually(_ what: String, within: Duration = .seconds(30), _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + within
  while ContinuousClock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("not within \(within): \(what)")
}

/// Whether a process runs whose command line has this in it; for children with a number of their own to sleep.
func runs(_ mark: String) -> [Int32] {
  PrivateFiles.names(in: "/proc").compactMap { Int32($0) }.filter { id in
    guard let line = try? PrivateFiles.read("/proc/\(id)/cmdline", limit: 1 << 20) else { return false }
    guard let stat = try? PrivateFiles.read("/proc/\(id)/stat", limit: 4096) else { return false }
    let state = stat.lastIndex(of: 0x29).map { stat[min($0 + 2, stat.count - 1)] }
    return state != UInt8(ascii: "Z") && String(decoding: line, as: UTF8.self).contains(mark)
  }
}

/// How many of its sleepers are under way: a shell has the mark in its script before it has started anybody.
func sleepers(_ mark: String) -> Int {
  runs(mark).count { id in
    guard let line = try? PrivateFiles.read("/proc/\(id)/cmdline", limit: 1 << 20) else { return false }
    return ["sleep\0", "yes\0"].contains { line.starts(with: $0.utf8) }
  }
}

/// A duration that no other test sleeps: how its sleepers are found again.
func mark() -> String { "9\(UInt32.random(in: 10_000_000...99_999_999))" }
