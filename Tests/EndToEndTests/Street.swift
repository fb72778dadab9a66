import Foundation
import Testing

/// A relay, machines and a client, each in a throwaway home, run by the real binary. Everything ends with the test.
final class Street: Sendable {
  struct Outcome: Sendable {
    let status: Int32
    let stdout: Data
    let stderr: String
    var text: String { String(decoding: stdout, as: UTF8.self) }
    var trimmed: String { text.trimmingCharacters(in: .whitespacesAndNewlines) }
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: stdout)) as? [String: Any] ?? [:] }
    var list: [[String: Any]] { (try? JSONSerialization.jsonObject(with: stdout)) as? [[String: Any]] ?? [] }
  }

  let root: String
  let binary: String
  private let logLevel: String
  private let relay = Locked<Running?>(nil)
  private let relayPort = Locked(0)
  private let relayPin = Locked("")
  private let knownToken = Locked("")
  /// Helpers beside the binary: proxies, clients that hang.
  private let companions = Locked<[Running]>([])
  let hasTrouble = Locked(false)
  @TaskLocal static var current: Street?

  /// Runs `body` on a new street with these machines; names are display names. On failure all logs are shown.
  /// `waits`: the test mostly waits, and need not queue for a processor.
  static func run(
    _ names: [String] = ["box"], grace: String = "2s", logLevel: String = "debug", waits: Bool = false,
    _ body: (Street) async throws -> Void
  ) async throws {
    // A street inside another one has its place already.
    let queues = !waits && current == nil
    if queues { try await Traffic.enter() }
    defer { if queues { Traffic.leave() } }
    let street = try Street(logLevel: logLevel)
    var failure: (any Error)?
    do {
      try await $current.withValue(street) {
        try await street.startRelay(grace: grace)
        for name in names { try await street.join(name) }
        for name in names { try await street.startAgent(name) }
        try await body(street)
      }
    } catch { failure = error }
    $current.withValue(street) { street.lookForFaults() }
    if failure != nil || street.hasTrouble.value { street.showLogs() }
    await street.end(companions: street.companions.value)
    if let failure { throw failure }
  }

  private init(logLevel: String) throws {
    self.logLevel = logLevel
    root = "/tmp/cmdop-e2e-\(UUID().uuidString.prefix(8))"
    binary = try Self.findBinary()
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  /// CMDOP_BIN, or what was built beside these tests.
  private static func findBinary() throws -> String {
    let bundle = CommandLine.arguments.first { $0.contains(".xctest") } ?? ""
    let folder = bundle.components(separatedBy: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
    let candidates = [
      ProcessInfo.processInfo.environment["CMDOP_BIN"], folder + "/cmdop", projectRoot + "/.build/debug/cmdop",
    ]
    let found = candidates.compactMap(\.self).first { FileManager.default.isExecutableFile(atPath: $0) }
    return try #require(found, "there is no cmdop to test; run: swift build")
  }

  static let projectRoot = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let support = projectRoot + "/Tests/EndToEndTests/Support"
  /// The one with grpcio, if `make test` has made it.
  static let python: String = {
    let own = projectRoot + "/.venv/bin/python"
    return FileManager.default.isExecutableFile(atPath: own) ? own : "/usr/bin/python3"
  }()

  func home(_ name: String) -> String { root + "/" + name }
  var relayHome: String { home("relay") }
  var relayLog: String { root + "/relay.log" }

  // MARK: the relay

  func startRelay(grace: String = "2s", port: Int = 0, advertise: String? = nil) async throws {
    let words =
      ["relay", "serve", "--host", "127.0.0.1", "--port", "\(port)", "--grace", grace]
      + (advertise.map { ["--advertise", $0] } ?? [])
    let process = try Running(
      binary, words, environment(relayHome), output: .files(out: root + "/relay.out", error: relayLog))
    relay.set(process)
    try await eventually("the relay serves") {
      try #require(process.isRunning, "the relay has ended: \(Self.tail(relayLog))")
      let status = try await cmdop(["relay", "status", "--json"], home: relayHome)
      guard status.status == 0, status.json["pid"] as? Int == Int(process.pid) else { return false }
      relayPort.set(status.json["port"] as? Int ?? 0)
      relayPin.set((status.json["address"] as? String)?.components(separatedBy: "#").last ?? "")
      return true
    }
  }

  var port: Int { relayPort.value }
  /// Fingerprint of the relay's key.
  var pin: String { relayPin.value }
  var relayPID: Int32 { relay.value?.pid ?? 0 }

  /// Ends the relay and waits for it; its exit code.
  @discardableResult
  func stopRelay(_ signal: Int32 = SIGTERM) async throws -> Int32 {
    let process = try #require(relay.value)
    process.signal(signal)
    return try await process.outcome(limit: 20).status
  }

  func joinKey() async throws -> String { try await must(["relay", "join-key"], home: relayHome).trimmed }

  func token() async throws -> String {
    if knownToken.value.isEmpty { knownToken.set(try await must(["relay", "token"], home: relayHome).trimmed) }
    return knownToken.value
  }

  // MARK: machines

  func join(_ name: String) async throws {
    try await must(["join", try await joinKey(), "--name", name], home: home(name))
  }

  func startAgent(_ name: String) async throws {
    try await must(["agent", "start"], home: home(name))
    try await must(["agent", "status", "--wait", "--timeout", "30s"], home: home(name))
  }

  func agentPID(_ name: String) async throws -> Int32 {
    let status = try await cmdop(["agent", "status", "--json"], home: home(name))
    return Int32(try #require(status.json["pid"] as? Int, "\(name) has no daemon"))
  }

  /// The machine as the roster has it, found by its display name.
  func card(_ name: String) async throws -> [String: Any] {
    let machines = try await client(["machines", "--json"])
    return try #require(machines.list.first { $0["name"] as? String == name }, "\(machines.text)\(machines.stderr)")
  }

  /// The hostname the fleet knows a machine by.
  func name(_ machine: String) async throws -> String {
    try #require(try await card(machine)["hostname"] as? String)
  }

  /// False also while the relay cannot be asked.
  func isOnline(_ name: String) async throws -> Bool {
    let machines = try await client(["machines", "--online", "--json"])
    return machines.status == 0 && machines.list.contains { $0["name"] as? String == name }
  }
  /// The relay says so.
  func isOffline(_ name: String) async throws -> Bool { try await card(name)["online"] as? Bool == false }

  // MARK: running the binary

  func environment(_ home: String, _ more: [String: String] = [:]) -> [String: String] {
    var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CMDOP_") && !$0.key.hasPrefix("LC_") }
    all["CMDOP_HOME"] = home
    all["CMDOP_LOG_LEVEL"] = logLevel
    all["TERM"] = "xterm-256color"
    all["LANG"] = "C.UTF-8"
    // A crash is said in the log, and asks nobody at the terminal.
    all["SWIFT_BACKTRACE"] = "interactive=no,color=no"
    return all.merging(more, uniquingKeysWith: { $1 })
  }

  /// Starts it as an operator with the admin's token, on the home of `name`.
  func start(
    _ words: [String], on name: String = "box", input: Running.Input = .none, output: Running.Output = .collected
  ) async throws -> Running {
    let process = try Running(
      binary, words, environment(home(name), ["CMDOP_TOKEN": try await token()]), input: input, output: output)
    companions.change { $0.append(process) }
    return process
  }

  /// Starts something else that ends with the street.
  func accompany(_ program: String, _ words: [String]) throws -> Running {
    let process = try Running(program, words, environment(home("companion")))
    companions.change { $0.append(process) }
    return process
  }

  /// It ends with the street.
  func keep(_ process: Running) { companions.change { $0.append(process) } }

  /// As `start`, and waits for the end.
  func client(_ words: [String], on name: String = "box", input: Data? = nil, limit: Double = 60) async throws
    -> Outcome
  {
    try await start(words, on: name, input: input.map { .bytes($0) } ?? .none).outcome(limit: limit)
  }

  /// As somebody without a token.
  func cmdop(_ words: [String], home: String, more: [String: String] = [:], limit: Double = 60) async throws -> Outcome
  {
    try await Running(binary, words, environment(home, more)).outcome(limit: limit)
  }

  @discardableResult
  func must(_ words: [String], home: String) async throws -> Outcome {
    let outcome = try await cmdop(words, home: home)
    try #require(outcome.status == 0, "cmdop \(words.prefix(2).joined(separator: " ")): \(outcome.stderr)")
    return outcome
  }
}
