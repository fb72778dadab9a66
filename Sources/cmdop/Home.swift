import Core
import FoundationEssentials
import Host

/// Where everything is kept: `CMDOP_HOME`, by default `~/.cmdop`. 0700.
struct Home: Sendable {
  let path: String

  init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  /// The daemon's socket. A Unix socket's path has at most 107 bytes; a home deeper than that gets a short one in /tmp.
  var socket: String { socket("local") }
  var keeperSocket: String { socket("keeper") }

  private func socket(_ name: String) -> String {
    let plain = "\(path)/\(name).sock"
    if plain.utf8.count <= 100 { return plain }
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325  // FNV-1a: only to tell homes apart
    for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return "\(shortDirectory)/\(String(hash, radix: 36))-\(name).sock"
  }
  private var shortDirectory: String { "/tmp/cmdop-\(Processes.ownUser)" }

  var keeperLock: String { path + "/keeper.pid" }
  var database: String { path + "/cmdop.db" }
  var sessions: String { path + "/sessions" }
  var status: String { path + "/daemon.status" }
  var pidFile: String { path + "/cmdop.pid" }
  var identity: String { path + "/identity" }
  var credentials: String { path + "/credentials.json" }
  var enrollment: String { path + "/enrollment.json" }
  var pin: String { path + "/pin" }
  var recent: String { path + "/recent.json" }
  var agentLog: String { path + "/logs/agent.log" }
  var logs: String { path + "/logs" }
  var permissions: String { path + "/permissions.yaml" }
  var settings: String { path + "/config.yaml" }
  /// Keys of model providers for the daemon, `NAME=value` lines, 0600.
  var agentEnvironment: String { path + "/agent.env" }
  /// MCP servers of others whose tools the agent has, and how they are.
  var otherServers: String { path + "/mcp.json" }
  var otherServersStatus: String { path + "/mcp.status" }
  /// What commands of the agent have printed.
  var spool: String { path + "/spool" }
  /// Opens MCP over HTTP.
  var mcpToken: String { path + "/mcp.token" }

  var relayDatabase: String { path + "/relay/server.db" }
  var relayKey: String { path + "/relay/tls/key.pem" }
  var relayNextKey: String { path + "/relay/tls/next-key.pem" }
  /// Since when the next key is told to whoever connects.
  var relayNextKeyNews: String { path + "/relay/tls/next-key.announced" }
  var relaySigningKey: String { path + "/relay/signing-key" }
  var relaySigningKeyEnd: String { path + "/relay/signing-key.end" }
  var relayOldSigningKey: String { path + "/relay/signing-key.old" }
  var relayJoinSecret: String { path + "/relay/join-secret" }
  var relayToken: String { path + "/relay/admin-token" }
  var relayStatus: String { path + "/relay/relay.status" }
  var relayPID: String { path + "/relay/relay.pid" }

  /// What leads back here in a command that is to be pasted; nothing where this home is meant anyway.
  var option: String {
    let usual = Start.variable("CMDOP_HOME") ?? (try? UserAccount.current()).map { $0.home + "/.cmdop" }
    return usual == path ? "" : " --home \(ShellWord.quoted(path))"
  }

  func prepare() throws(CmdopError) {
    try PrivateFiles.ensureDirectory(path)
    try PrivateFiles.ensureDirectory(path + "/logs")
    if !socket.hasPrefix(path) { try PrivateFiles.ensureDirectory(shortDirectory) }
  }

  func prepareRelay() throws(CmdopError) {
    try PrivateFiles.ensureDirectory(path)
    try PrivateFiles.ensureDirectory(path + "/relay")
    try PrivateFiles.ensureDirectory(path + "/relay/tls")
  }

  /// A small JSON file, nil when it is missing. A damaged one is an error that names it.
  func load<T: Decodable>(_ kind: T.Type, _ file: String) throws(CmdopError) -> T? {
    guard let bytes = try PrivateFiles.read(file, limit: 1024 * 1024) else { return nil }
    do { return try JSONDecoder().decode(kind, from: Data(bytes)) } catch {
      throw CmdopError(.internalError, "\(file) is damaged and cannot be read", hint: "mv \(file) \(file).damaged")
    }
  }

  func save(_ value: some Encodable, _ file: String, isSynced: Bool = true) throws(CmdopError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      var bytes = Array(try encoder.encode(value))
      bytes.append(UInt8(ascii: "\n"))
      try PrivateFiles.write(bytes, to: file, isSynced: isSynced)
    } catch { throw error as? CmdopError ?? CmdopError(.internalError, "\(file) could not be encoded") }
  }
}

/// What joining a fleet left behind: enrollment.json.
struct Enrollment: Codable {
  /// As RelayAddress writes them, best first.
  var relays: [String]
  var machineID: String
  var fleetID: String
  var fleetName: String
  /// The name the fleet knows this machine by.
  var hostname: String

  static func load(_ home: Home) throws(CmdopError) -> Enrollment? { try home.load(Enrollment.self, home.enrollment) }
}
