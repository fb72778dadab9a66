import Foundation
import Testing

/// People, programs and guests of a street. Each has a home of their own, and nobody's token but their own.
extension Street {
  /// A file for one's eyes only; its path.
  @discardableResult
  func keep(_ text: String, as name: String) throws -> String {
    let path = root + "/" + name
    try #require(
      FileManager.default.createFile(
        atPath: path, contents: Data((text + "\n").utf8), attributes: [.posixPermissions: 0o600]))
    return path
  }

  /// With the relay's own token, from a home that knows nothing.
  func admin(_ words: [String], limit: Double = 60) async throws -> Outcome {
    try await cmdop(words, home: home("admin"), more: try await adminEnvironment(), limit: limit)
  }

  func adminEnvironment() async throws -> [String: String] {
    ["CMDOP_TOKEN": try await token(), "CMDOP_SERVER": address]
  }

  /// As `admin`; it must work.
  @discardableResult
  func adminMust(_ words: [String]) async throws -> Outcome {
    let outcome = try await admin(words)
    try #require(outcome.status == 0, "admin: \(words.prefix(3).joined(separator: " ")): \(outcome.stderr)")
    return outcome
  }

  /// Host, port and fingerprint of the relay.
  var address: String { "127.0.0.1:\(port)#\(pin)" }

  /// As somebody with a home of their own.
  func by(_ who: String, _ words: [String], more: [String: String] = [:], limit: Double = 60) async throws -> Outcome {
    try await cmdop(words, home: home(who), more: more, limit: limit)
  }

  /// As `by`; it must work.
  @discardableResult
  func byMust(_ who: String, _ words: [String], more: [String: String] = [:]) async throws -> Outcome {
    let outcome = try await by(who, words, more: more)
    try #require(outcome.status == 0, "\(who): \(words.prefix(3).joined(separator: " ")): \(outcome.stderr)")
    return outcome
  }

  /// `connect` as somebody with a home of their own.
  func terminal(of who: String, _ words: [String], more: [String: String] = [:]) throws -> Keyboard {
    try Keyboard(binary, ["connect"] + words, environment(home(who), more))
  }

  func password(of who: String) -> String { "password-of-\(who)" }

  /// Takes an invitation with a new account.
  @discardableResult
  func enter(_ who: String, by link: String) async throws -> Outcome {
    let file = try keep(password(of: who), as: who + ".password")
    return try await byMust(who, ["login", link, "--name", who, "--password-file", file])
  }

  /// Somebody new in the default fleet, invited by the admin.
  func member(_ who: String, _ role: String) async throws {
    try await enter(who, by: try await adminMust(["fleet", "invite", "--role", role]).trimmed)
  }

  /// An API key of the admin's.
  func key(_ label: String, _ scopes: [String], ttl: String? = nil) async throws -> String {
    let words = ["auth", "create-key", "--label", label] + scopes.flatMap { ["--scope", $0] }
    return try await adminMust(words + (ttl.map { ["--ttl", $0] } ?? [])).trimmed
  }

  /// What a program with this key needs.
  func program(_ key: String) -> [String: String] { ["CMDOP_TOKEN": key, "CMDOP_SERVER": address] }

  /// A machine of another fleet.
  func join(_ name: String, with key: String) async throws {
    try await must(["join", key, "--name", name], home: home(name))
    try await startAgent(name)
  }

  func machineID(_ name: String) throws -> String {
    let data = try #require(FileManager.default.contents(atPath: home(name) + "/enrollment.json"))
    return try #require((JSONSerialization.jsonObject(with: data) as? [String: Any])?["machineID"] as? String)
  }

  /// What credentials.json of somebody holds: access and refresh tokens, one after the other.
  func tokens(of who: String) throws -> [String] {
    guard let data = FileManager.default.contents(atPath: home(who) + "/credentials.json") else { return [] }
    let book = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
    return (book["relays"] as? [[String: Any]] ?? []).flatMap { entry in
      let login = entry["login"] as? [String: Any] ?? [:]
      let fleets = (login["tokens"] as? [String: [String: Any]] ?? [:]).values.compactMap {
        $0["access_token"] as? String
      }
      return [entry["token"] as? String, login["refresh_token"] as? String].compactMap(\.self) + fleets
    }
  }

  /// How many seconds pass until `condition` holds.
  func seconds(_ what: String, within limit: Double = 30, until condition: () async throws -> Bool) async throws
    -> Double
  {
    let start = ContinuousClock.now
    try await eventually(what, within: limit, condition)
    return Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
  }
}

extension Keyboard {
  var hasEnded: Bool { status != nil }

  /// Waits for its end, which must come soon after `cause`; how many seconds it took.
  func endsSoon(after cause: ContinuousClock.Instant, within limit: Double = 5) async throws -> Double {
    _ = try await exitStatus()
    let seconds = Double((ContinuousClock.now - cause) / .milliseconds(1)) / 1000
    #expect(seconds < limit, "it was cut after \(seconds) s")
    return seconds
  }
}
