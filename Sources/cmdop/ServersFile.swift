import Core
import Host
import MCP

/// mcp.json: which MCP servers of others this machine's agent uses. It may hold secrets and names programs that are started,
/// so it is its owner's alone.
struct ServersFile: Sendable {
  let home: Home
  var path: String { home.otherServers }

  /// Empty where there is no file. Throws for one that is refused, and says where it is wrong.
  func read() throws(CmdopError) -> ServerBook {
    if let stamp = FileStamp(path), !stamp.isRegular || !stamp.isOwn || stamp.mode & 0o077 != 0 {
      throw CmdopError(
        .denied, "\(path) must be a plain file of yours that nobody else may read", hint: "chmod 600 \(path)")
    }
    guard let bytes = try PrivateFiles.read(path, limit: ServerBook.longest) else { return ServerBook() }
    do { return try ServerBook(parsing: bytes) } catch {
      throw CmdopError(error.code, "\(path): \(error.message)", hint: "mend it, or: mv \(path) \(path).broken")
    }
  }

  /// Changes it while nobody else does. A file that cannot be read is left as it is.
  func change<T: Sendable>(_ body: @Sendable (inout ServerBook) throws(CmdopError) -> T) async throws(CmdopError) -> T {
    try home.prepare()
    return try await FileLock.hold(path + ".lock", what: "the list of servers") { () throws(CmdopError) in
      var book = try read()
      let result = try body(&book)
      try home.save(book.json, path)
      return result
    }
  }
}

/// mcp.status, as the daemon writes it.
struct ServersStatusFile: Codable {
  var pid: Int64
  var updatedAtMs: Int64
  /// Why mcp.json is refused; what it said before is in force then.
  var fault: String?
  var servers: [ServerStatus]

  enum CodingKeys: String, CodingKey {
    case pid, fault, servers
    case updatedAtMs = "updated_at_ms"
  }
}

extension ServerMeans {
  /// As the daemon has it, and whoever tries a server: what programs of others see is what commands of the agent see.
  init(
    home: Home, account: UserAccount, environment: [String: String], children: [String: String],
    poster: any HTTPPoster, note: @escaping @Sendable (_ server: String, _ text: String, _ isTrouble: Bool) -> Void
  ) {
    let machine = LocalMachine(account: account, environment: CommandOrder.environment(of: account, from: children))
    self.init(
      start: { (order) async throws(CmdopError) in try await machine.converse(order) }, poster: poster,
      variable: { name in (try? AgentEnvironment.load(home, daemon: environment))?[name] }, note: note)
  }
}
