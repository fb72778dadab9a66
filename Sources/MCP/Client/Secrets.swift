import Core

/// `${env:NAME}` in the settings of a server, and what must not be seen of them afterwards.
struct Expansion {
  /// All that must not stand in an error.
  private(set) var secrets: Set<String> = []
  /// Those that must not stand in what a server says with its tools and results either. What is mostly no secret is left to
  /// it: without its own home a server of files would say nothing that could be used.
  private(set) var strict: Set<String> = []
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
      if !SecretName.isPublic(name) { strict.insert(value) }
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
      guard areSecret(name), let value = result[name] else { continue }
      // "Bearer …"
      let credential = value.firstIndex(of: " ").map { String(value[value.index(after: $0)...]) }
      secrets.formUnion([value] + [credential].compactMap(\.self))
      if SecretName.isOne(name) { strict.formUnion([value] + [credential].compactMap(\.self)) }
    }
    return result
  }
}

/// Names of variables and headers, and what they say about their values.
private enum SecretName {
  static func isOne(_ name: String) -> Bool {
    let name = name.uppercased()
    return ["KEY", "TOKEN", "SECRET", "PASS", "AUTH", "CREDENTIAL", "COOKIE"].contains { name.contains($0) }
  }

  /// Everybody knows their values.
  static func isPublic(_ name: String) -> Bool {
    ["HOME", "USER", "LOGNAME", "SHELL", "PATH", "PWD", "LANG", "TZ", "TMPDIR", "HOSTNAME"].contains(name)
      || name.hasPrefix("XDG_") || name.hasPrefix("LC_")
  }
}

private enum ShellName {
  static func of(_ name: String) -> String {
    name.utf8.allSatisfy { $0 == 0x5f || $0 != 0x2d && ToolName.isPlain($0 | 0x20) } ? name.cut(100) : "NAME"
  }
}

/// Takes out of what a server has said what was told to it in confidence: it may repeat it in an error.
struct Concealment: Sendable {
  /// For its messages, as they come in.
  let whole: SecretSearch
  /// All parts of so many bytes, by their number: what is shown was mostly cut before, and may begin in the middle of a secret.
  private let parts: [Int: Set<[UInt8]>]
  private static let part = 10

  /// Shorter ones would black out half of every sentence.
  init(_ secrets: Set<String>, strict: Set<String> = []) {
    whole = SecretSearch(strict)
    var parts: [Int: Set<[UInt8]>] = [:]
    for secret in secrets.map({ Array($0.utf8) }) where secret.count >= SecretSearch.shortest {
      let length = min(secret.count, Self.part)
      let pieces = (0...(secret.count - length)).map { Array(secret[$0..<$0 + length]) }.filter { !$0.contains(32) }
      // Words, as in "Bearer …": each for itself, or, where all are short, the whole.
      for piece in pieces.isEmpty ? [secret] : pieces { parts[piece.count, default: []].insert(piece) }
    }
    self.parts = parts
  }

  func text(_ text: String) -> String {
    if parts.isEmpty { return text }
    let bytes = Array(text.utf8)
    var isSecret = [Bool](repeating: false, count: bytes.count)
    for (length, parts) in parts where bytes.count >= length {
      for start in 0...(bytes.count - length) where parts.contains(Array(bytes[start..<start + length])) {
        for place in start..<start + length { isSecret[place] = true }
      }
    }
    var shown: [UInt8] = []
    for (place, byte) in bytes.enumerated() {
      if !isSecret[place] {
        shown.append(byte)
      } else if place == 0 || !isSecret[place - 1] {
        shown += SecretSearch.mark.utf8
      }
    }
    return String(decoding: shown, as: UTF8.self)
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
      let variables = try expansion.texts(environment, of: name, areSecret: SecretName.isOne)
      settings.way = .program(words: expanded, environment: variables, directory: directory)
    case .http(let url, let headers):
      let url = try expansion.text(url, of: name)
      settings.way = .http(url: url, headers: try expansion.texts(headers, of: name) { _ in true })
    }
    return (settings, Concealment(expansion.secrets, strict: expansion.strict))
  }
}
