import Foundation
import FoundationNetworking
import Testing

/// A model server that says what a test's script tells it (Support/model.py), and how the agents of a street reach it.
struct ScriptedModel: Sendable {
  let base: String

  struct Log {
    let requests: Int
    let violations: [String]
    /// What was sent, one text each.
    let bodies: [String]
  }

  /// `script`: as Support/model.py has it, as JSON.
  static func start(_ script: Any, on street: Street, pace: Double = 0) async throws -> ScriptedModel {
    let file = "\(street.root)/model-\(UUID().uuidString.prefix(4)).json"
    try JSONSerialization.data(withJSONObject: script).write(to: URL(filePath: file))
    let process = try Running(
      "/usr/bin/python3", [Street.support + "/model.py", file], street.environment(street.home("model")), input: .open)
    street.keep(process)
    try await eventually("the model server serves") {
      try #require(process.isRunning, "\(process.printed)")
      return process.printed.contains("\n")
    }
    let port = try #require(process.printed.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) })
    return ScriptedModel(base: "http://127.0.0.1:\(port)")
  }

  /// `provider`: anthropic, openai-chat, openai-responses.
  func variables(_ provider: String = "anthropic") -> String {
    """
    CMDOP_PROVIDER=\(provider)
    CMDOP_MODEL=scripted-1
    ANTHROPIC_API_KEY=sk-secret-anthropic-key
    ANTHROPIC_BASE_URL=\(base)
    OPENAI_API_KEY=sk-secret-openai-key
    OPENAI_BASE_URL=\(base)/v1

    """
  }

  func log() async throws -> Log {
    let url = try #require(URL(string: base + "/_log"))
    let (data, _) = try await URLSession.shared.data(from: url)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let bodies = (json["log"] as? [[String: Any]] ?? []).compactMap { entry in
      (try? JSONSerialization.data(withJSONObject: entry["body"] ?? [:], options: [.sortedKeys]))
        .map { String(decoding: $0, as: UTF8.self) }
    }
    return Log(
      requests: json["requests"] as? Int ?? -1, violations: json["violations"] as? [String] ?? ["no log"],
      bodies: bodies)
  }
}

extension Street {
  /// Machines whose agents ask one scripted model server.
  static func run(
    _ names: [String], models script: Any, provider: String = "anthropic", logLevel: String = "debug",
    _ body: (Street, ScriptedModel) async throws -> Void
  ) async throws {
    try await run([], logLevel: logLevel) { street in
      let model = try await ScriptedModel.start(script, on: street)
      for name in names {
        try await street.join(name)
        try street.know(model, on: name, provider: provider)
        try await street.startAgent(name)
      }
      try await body(street, model)
    }
  }

  /// What the agent of `name` reads when its daemon starts.
  func know(_ model: ScriptedModel, on name: String, provider: String = "anthropic") throws {
    let file = home(name) + "/agent.env"
    try Data(model.variables(provider).utf8).write(to: URL(filePath: file))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
  }

  /// A prompt to the agent of `name`, by its owner.
  func chat(_ prompt: String, on name: String, _ more: [String] = [], limit: Double = 60) async throws -> Outcome {
    try await cmdop(["chat", "-p", prompt] + more, home: home(name), limit: limit)
  }

  /// What the gate of `name` has written down.
  func gateLog(_ name: String) -> [[String: Any]] {
    let text = (try? String(contentsOfFile: home(name) + "/logs/audit.log", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }
}

extension Street.Outcome {
  /// One JSON event per line.
  var events: [[String: Any]] {
    text.split(separator: "\n").compactMap {
      (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
    }
  }
  /// What tools gave, in order.
  var results: [[String: Any]] {
    events.filter { $0["kind"] as? String == "result" }.compactMap { $0["body"] as? [String: Any] }
  }
}
