import Core
import Foundation
import FoundationNetworking
import Synchronization

@testable import Agent

/// The scripted model server of the end-to-end tests (its head says what scripts can do): one process for all tests, and a
/// script of its own for each.
final class ModelServer: Sendable {
  static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "EndToEndTests/Support/model.py").path

  private static let process = Result { try Served("/usr/bin/env", ["python3", script, "-"]) }

  private let base: String
  private let models: Mutex<[HTTPModels]> = Mutex([])

  init(_ script: JSON) async throws {
    let port = try Self.process.get().port
    base = "http://127.0.0.1:\(port)/s/\(newIdentifier())"
    _ = try await call("/_script", script)
  }

  /// Models that ask here, in the words of `provider`.
  func models(
    _ provider: String = "anthropic", catalogue: ModelCatalogue = ModelCatalogue(), variables: [String: String] = [:],
    time: AgentTime = .fast, silence: Duration = .seconds(60)
  ) -> HTTPModels {
    var values = [
      "ANTHROPIC_BASE_URL": base, "OPENAI_BASE_URL": base + "/v1", "ANTHROPIC_API_KEY": "sk-test-1234",
      "OPENAI_API_KEY": "sk-test-5678", "CMDOP_PROVIDER": provider, "CMDOP_MODEL": "scripted-1",
    ]
    values.merge(variables) { _, new in new }
    let models = HTTPModels(ModelEnvironment { values[$0] }, catalogue: catalogue, time: time, silence: silence)
    self.models.withLock { $0.append(models) }
    return models
  }

  struct Log {
    let json: JSON
    var requests: Int { json["requests"]?.integer ?? -1 }
    var stepsLeft: Int { json["steps_left"]?.integer ?? -1 }
    var violations: [String] { json["violations"]?.strings ?? ["no log"] }
    /// The bodies that came, in order.
    var bodies: [JSON] { (json["log"]?.array ?? []).compactMap { $0["body"] } }
    var times: [Double] { (json["log"]?.array ?? []).compactMap { $0["time"]?.number } }
    var headers: [JSON] { (json["log"]?.array ?? []).compactMap { $0["headers"] } }
  }

  func log() async throws -> Log { Log(json: try await call("/_log", nil)) }
  func hasReceived(_ count: Int) async throws { _ = try await call("/_wait?n=\(count)&s=20", nil) }
  func end() async { for models in models.withLock(\.self) { await models.close() } }

  private func call(_ path: String, _ body: JSON?) async throws -> JSON {
    var request = URLRequest(url: URL(string: base + path) ?? URL(filePath: "/"))
    if let body { (request.httpMethod, request.httpBody) = ("POST", Data(body.bytes)) }
    let (data, _) = try await URLSession.shared.data(for: request)
    return try JSON(parsing: data)
  }
}

/// A server of the tests' own. Ends when its standard input does, which is when this process ends, however.
final class Served: Sendable {
  let port: Int
  private let process: Process
  private let input: Pipe
  struct Missing: Error {}

  init(_ program: String, _ words: [String]) throws {
    let output = Pipe()
    (process, input) = (Process(), Pipe())
    process.executableURL = URL(filePath: program)
    process.arguments = words
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    var line = Data()
    while !line.contains(0x0a) {
      let piece = output.fileHandleForReading.availableData
      if piece.isEmpty { break }
      line += piece
    }
    let printed = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard printed.first == "port", let port = printed.last.flatMap({ Int($0) }) else { throw Missing() }
    self.port = port
  }

  func end() { process.terminate() }
}

extension AgentTime {
  /// Pauses between tries take no time.
  static let fast = AgentTime(wall: { 1_700_000_000_000 }, sleep: { _ in try Task.checkCancellation() })
  /// Time as it passes.
  static let real = AgentTime(wall: { 1_700_000_000_000 })
}
