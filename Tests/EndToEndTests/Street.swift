import Foundation
import Testing

/// A relay, machines and a client, each in a throwaway home, run by the real binary. Everything ends with the test.
final class Street: Sendable {
  let root: URL
  let relayHome: String
  let binary: String
  private let relay = Locked<Foundation.Process?>(nil)
  private let machines = Locked<[String]>([])
  let port = Locked(0)

  struct Outcome: Sendable {
    let status: Int32
    let stdout: Data
    let stderr: String
    var text: String { String(decoding: stdout, as: UTF8.self) }
  }

  /// Runs `body` on a new street with these machines. On failure all logs are shown.
  static func run(_ names: [String] = ["box"], grace: String = "2s", _ body: (Street) async throws -> Void) async throws {
    let street = try Street()
    do {
      try await street.startRelay(grace: grace)
      for name in names { try await street.startMachine(name) }
      try await body(street)
    } catch {
      street.showLogs()
      await street.end()
      throw error
    }
    await street.end()
  }

  private init() throws {
    root = URL(filePath: "/tmp/cmdop-e2e-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    relayHome = root.path + "/relay"
    binary = Self.findBinary()
  }

  private static func findBinary() -> String {
    if let path = ProcessInfo.processInfo.environment["CMDOP_BIN"] { return path }
    let source = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return source.deletingLastPathComponent().path + "/.build/debug/cmdop"
  }

  static var projectRoot: String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  }

  func home(_ name: String) -> String { root.path + "/" + name }

  // MARK: the relay

  func startRelay(grace: String = "2s", port: Int = 0, advertise: String? = nil) async throws {
    let process = Foundation.Process()
    process.executableURL = URL(filePath: binary)
    process.arguments = ["relay", "serve", "--host", "127.0.0.1", "--port", "\(port)", "--grace", grace]
      + (advertise.map { ["--advertise", $0] } ?? [])
    process.environment = environment(relayHome)
    let log = root.path + "/relay.log"
    if !FileManager.default.fileExists(atPath: log) { _ = FileManager.default.createFile(atPath: log, contents: nil) }
    let handle = try FileHandle(forWritingTo: URL(filePath: log))
    try handle.seekToEnd()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    relay.set(process)
    try await eventually("the relay serves") {
      let status = try await self.cmdop(["relay", "status", "--json"], home: self.relayHome)
      guard status.status == 0, let pid = status.json["pid"] as? Int else { return false }
      self.port.set(status.json["port"] as? Int ?? 0)
      return pid == process.processIdentifier
    }
  }

  var relayPID: Int32 { relay.value?.processIdentifier ?? 0 }

  /// Ends the relay and waits for it; its exit code.
  @discardableResult
  func stopRelay(_ signal: Int32 = SIGTERM) async throws -> Int32 {
    guard let process = relay.value else { return -1 }
    kill(process.processIdentifier, signal)
    try await eventually("the relay has ended") { !process.isRunning }
    relay.set(nil)
    return process.terminationStatus
  }

  func joinKey() async throws -> String { try await must(["relay", "join-key"], home: relayHome).trimmed }
  func token() async throws -> String { try await must(["relay", "token"], home: relayHome).trimmed }

  // MARK: machines

  func startMachine(_ name: String, key: String? = nil) async throws {
    let joinKey = if let key { key } else { try await joinKey() }
    try await must(["join", joinKey, "--name", name], home: home(name))
    machines.change { $0.append(name) }
    try await must(["agent", "start"], home: home(name))
    try await must(["agent", "status", "--wait", "--timeout", "20s"], home: home(name))
  }

  func agentPID(_ name: String) async throws -> Int32 {
    let status = try await cmdop(["agent", "status", "--json"], home: home(name))
    return Int32(status.json["pid"] as? Int ?? 0)
  }

  // MARK: running the binary

  func environment(_ home: String, _ more: [String: String] = [:]) -> [String: String] {
    var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CMDOP_") }
    all["CMDOP_HOME"] = home
    all["TERM"] = "xterm-256color"
    return all.merging(more, uniquingKeysWith: { $1 })
  }

  /// As an operator on the home of `name` (by default the first machine's), with the admin's token.
  func client(_ words: [String], on name: String = "box", input: Data? = nil, limit: Double = 60) async throws -> Outcome {
    try await cmdop(words, home: home(name), more: ["CMDOP_TOKEN": try await token()], input: input, limit: limit)
  }

  func start(_ words: [String], home: String, more: [String: String] = [:]) throws -> Running {
    try Running(binary, words, environment(home, more))
  }

  func cmdop(
    _ words: [String], home: String, more: [String: String] = [:], input: Data? = nil, limit: Double = 60
  ) async throws -> Outcome {
    let running = try Running(binary, words, environment(home, more), input: input)
    return try await running.outcome(limit: limit)
  }

  @discardableResult
  func must(_ words: [String], home: String) async throws -> Outcome {
    let outcome = try await cmdop(words, home: home)
    try #require(outcome.status == 0, "cmdop \(words.first ?? "") \(words.dropFirst().first ?? ""): \(outcome.stderr)")
    return outcome
  }

  // MARK: the end

  private func end() async {
    for name in machines.value {
      let outcome = try? await cmdop(["agent", "stop"], home: home(name), limit: 20)
      if outcome?.status != 0, let pid = try? await agentPID(name), pid > 0 { kill(pid, SIGKILL) }
    }
    if let process = relay.value, process.isRunning {
      kill(process.processIdentifier, SIGTERM)
      try? await eventually("the relay has ended") { !process.isRunning }
      if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
    try? FileManager.default.removeItem(at: root)
  }

  private func showLogs() {
    for log in ["relay.log"] + machines.value.map({ "\($0)/logs/agent.log" }) {
      let text = (try? String(contentsOfFile: root.path + "/" + log, encoding: .utf8)) ?? "(none)"
      print("--- \(log)\n\(text.suffix(4000))")
    }
  }
}

extension Street.Outcome {
  var trimmed: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
  var json: [String: Any] { (try? JSONSerialization.jsonObject(with: stdout)) as? [String: Any] ?? [:] }
  var list: [[String: Any]] { (try? JSONSerialization.jsonObject(with: stdout)) as? [[String: Any]] ?? [] }
}

/// Waits until something is so, at most 30 s. Looking again after a pause is the only way to wait for other processes.
func eventually(
  _ what: String, within seconds: Double = 30, _ condition: () async throws -> Bool
) async throws {
  let deadline = Date(timeIntervalSinceNow: seconds)
  while try await !condition() {
    try #require(Date() < deadline, "still not so after \(seconds) s: \(what)")
    try await Task.sleep(for: .milliseconds(50))
  }
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value
  init(_ value: Value) { stored = value }
  var value: Value { lock.withLock { stored } }
  func set(_ value: Value) { lock.withLock { stored = value } }
  func change(_ body: (inout Value) -> Void) { lock.withLock { body(&stored) } }
}
