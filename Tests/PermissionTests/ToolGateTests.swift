import Core
import Foundation
import Host
import Permission
import Synchronization
import Testing

@testable import Tools

@Suite("The gate of tools judges what acts")
struct ToolGateTests {
  /// Says where it would run, and runs nothing.
  private struct Stub: MachineTool {
    let definition: ToolDefinition
    let seen: Seen

    func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome {
      seen.add(judged.directory.resolved)
      return ToolOutcome("ran")
    }
  }

  private final class Seen: Sendable {
    private let list = Mutex<[String]>([])
    var all: [String] { list.withLock { $0 } }
    func add(_ text: String) { list.withLock { $0.append(text) } }
  }

  private struct Nobody: Approver {
    func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer { .nobody }
  }

  private func call(
    _ tool: String, _ arguments: JSON, in directory: String, home: String
  ) async throws -> (outcome: ToolOutcome, seen: [String]) {
    let definition = try #require(try ToolCatalogue.builtIn().first { $0.name == tool })
    let box = Seen()
    let path = home + "/permissions.yaml"
    try PrivateFiles.write(Array(Policy(mode: .bypass).yaml.utf8), to: path)
    let gate = ToolGate(
      try ToolCatalogue(own: [Stub(definition: definition, seen: box)]), files: Self.files,
      policy: PolicyFile(path: path), audit: try GateAudit(folder: home, now: { 1_700_000_000_000 }), home: home,
      hostname: "here"
    ) { _ in Surroundings(home: home, user: "anna", cmdopHome: home + "/.cmdop", paths: RealPaths()) }
    let caller = Caller(kind: .local, subject: "ann", role: .owner, fleet: FleetID(rawValue: "f"))
    let outcome = await gate.call(
      ToolCall(id: "1", tool: tool, arguments: arguments, caller: caller), from: .remote, in: directory,
      asking: Nobody()
    ) { _ in }
    return (outcome, box.all)
  }
  private static let files = SlowWork("calls for files", threads: 1, most: 64)

  @Test("A directory that is given is entered once")
  func directory() async throws {
    let home = try GateAuditTests.folder()
    defer { try? FileManager.default.removeItem(atPath: home) }
    try FileManager.default.createDirectory(atPath: home + "/work/work", withIntermediateDirectories: true)
    try FileManager.default.createDirectory(atPath: home + "/.ssh", withIntermediateDirectories: true)
    // From ~/work it is ~/.ssh; from ~/work/work, where it would be looked for twice, it is nothing.
    let key = try await call(
      "execute_command", ["command": "cat ../.ssh/id_rsa", "cwd": "work"], in: home, home: home)
    #expect(key.outcome.isError && key.seen.isEmpty, "\(key.outcome.text)")
    let list = try await call("execute_command", ["command": "ls", "cwd": "work"], in: home, home: home)
    #expect(!list.outcome.isError && list.seen.first?.hasSuffix("/work") == true, "\(list.outcome.text)")
  }

  @Test(
    "A path is judged as it was resolved, however it is written",
    arguments: ["./d/f", "d//f", "x/../d/f", "d/./f", "d/f"])
  func spelling(_ path: String) async throws {
    let home = try GateAuditTests.folder()
    defer { try? FileManager.default.removeItem(atPath: home) }
    for name in ["d", "x", ".ssh"] {
      try FileManager.default.createDirectory(atPath: home + "/" + name, withIntermediateDirectories: true)
    }
    try Data("a".utf8).write(to: URL(filePath: home + "/d/f"))
    #expect(try await call("read_file", ["path": .string(path)], in: home, home: home).seen.count == 1)
    // The same behind a link to what is protected.
    try FileManager.default.removeItem(atPath: home + "/d")
    try FileManager.default.createSymbolicLink(atPath: home + "/d", withDestinationPath: home + "/.ssh")
    #expect(try await call("read_file", ["path": .string(path)], in: home, home: home).seen.isEmpty)
  }
}
