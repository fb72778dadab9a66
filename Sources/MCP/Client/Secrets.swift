import Core

/// `${env:NAME}` in the settings of a server, and what must not be seen of them afterwards.
struct Expansion {
  private(set) var secrets: Set<String> = []
  private let variable: (String) -> String?

  init(_ variable: @escaping (String) -> String?) { self.variable = variable }

  /// Throws `notFound` for a variable that is not there.
  mutating func text(_ text: String, of server: String) throws(CmdopError) -> String {
    var (result, rest) = ("", text[...])
    while let open = rest.firstRange(of: "${env:") {
      result += rest[..<open.lowerBound]
      rest = rest[open.upperBound...]
      guard let end = rest.firstIndex(of: "}") else {
        throw CmdopError(.badUsage, "the server \(server) has a \"${env:\" that does not end")
      }
      let name = String(rest[..<end])
      guard let value = variable(name) else {
        throw CmdopError(
          .notFound, "the server \(server) needs the variable \(OneLine.of(name.cut(100)))",
          hint: "put \(ShellName.of(name))=… into agent.env in cmdop's home (chmod 600)")
      }
      secrets.insert(value)
      result += value
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  mutating func texts(_ texts: [String: String], of server: String, areSecret: (String) -> Bool) throws(CmdopError)
    -> [String: String]
  {
    var result: [String: String] = [:]
    for (name, value) in texts {
      result[name] = try text(value, of: server)
      if areSecret(name), let value = result[name] {
        secrets.insert(value)
        if let blank = value.firstIndex(of: " ") { secrets.insert(String(value[value.index(after: blank)...])) }
      }
    }
    return result
  }
}

private enum ShellName {
  static func of(_ name: String) -> String {
    name.utf8.allSatisfy { $0 == 0x5f || $0 != 0x2d && ToolName.isPlain($0 | 0x20) } ? name.cut(100) : "NAME"
  }
}

/// Takes out of what a server has said what was told to it in confidence: it may repeat it in an error.
struct Concealment: Sendable {
  private let secrets: [String]

  /// Shorter ones would black out half of every sentence.
  init(_ secrets: Set<String>) { self.secrets = secrets.filter { $0.utf8.count >= 8 }.sorted { $0.count > $1.count } }

  func text(_ text: String) -> String {
    secrets.reduce(text) { $0.split(separator: $1, omittingEmptySubsequences: false).joined(separator: "…") }
  }

  func error(_ error: CmdopError) -> CmdopError {
    CmdopError(error.code, text(error.message), hint: error.hint.map(text), retryAfter: error.retryAfter)
  }
}

extension ServerSettings {
  /// With the values of the variables in place.
  func expanded(_ variable: @escaping (String) -> String?) throws(CmdopError) -> (ServerSettings, Concealment) {
    var (settings, expansion) = (self, Expansion(variable))
    switch way {
    case .program(let words, let environment, let directory):
      var expanded: [String] = []
      for word in words { expanded.append(try expansion.text(word, of: name)) }
      let variables = try expansion.texts(environment, of: name) { name in
        let name = name.uppercased()
        return ["KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CREDENTIAL"].contains { name.contains($0) }
      }
      settings.way = .program(words: expanded, environment: variables, directory: directory)
    case .http(let url, let headers):
      let url = try expansion.text(url, of: name)
      settings.way = .http(url: url, headers: try expansion.texts(headers, of: name) { _ in true })
    }
    return (settings, Concealment(expansion.secrets))
  }
}
