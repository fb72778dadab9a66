import Core
import Host

/// How a client is told to start us.
struct ServerEntry {
  let json: JSON
  /// In this order people write them.
  static let order = ["type", "command", "args", "env"]
  /// What says how a server is reached; the other members of an entry are its owner's.
  private static let reaching: Set = ["type", "command", "args", "url", "serverUrl", "httpUrl", "headers"]

  init(for client: ClientProgram, _ options: GlobalOptions) throws(CmdopError) {
    let account = try UserAccount.current()
    var words = ["mcp", "stdio"]
    let home = try CheckedPath(try options.place().path, in: Start.workingDirectory, home: account.home).absolute
    if home != account.home + "/.cmdop" { words += ["--home", home] }
    if let server = options.server { words += ["--server", server] }
    if let fleet = options.fleet { words += ["--fleet", fleet] }
    var members: [String: JSON] = [
      "command": .string(try OwnProgram.path()), "args": .array(words.map { .string($0) }),
    ]
    if client.wantsType { members["type"] = "stdio" }
    json = .object(members)
  }

  /// What is different in the entry that is there, one phrase each; empty: it starts us just so. Members of others are not
  /// looked at, and no value of theirs is shown: `env` may hold secrets.
  func differences(from other: JSON) -> [String] {
    guard let members = other.object else { return ["it is no object"] }
    var found: [String] = []
    if Self.reaching.subtracting(Self.order).contains(where: { members[$0] != nil }) { found.append("it has a URL") }
    if let type = members["type"]?.string, type != "stdio" { found.append("its type is \(type)") }
    for name in ["command", "args"] where members[name] != json[name] {
      let own = json[name]?.text ?? ""
      found.append(
        members[name].map { "its \(name) \(name == "args" ? "are" : "is") \($0.text), not \(own)" }
          ?? "it has no \(name)")
    }
    return found
  }

  /// In place of `other`: what does not say how the server is reached stays.
  func replacing(_ other: JSON) -> JSON {
    let kept = (other.object ?? [:]).filter { !Self.reaching.contains($0.key) }
    return .object(kept.merging(json.object ?? [:]) { _, own in own })
  }

  /// Whether an entry starts a cmdop, this one or another.
  static func isOurs(_ entry: JSON) -> Bool {
    let program = entry["command"]?.string?.split(separator: "/").last ?? ""
    return program.hasPrefix("cmdop") && entry["args"]?.strings?.prefix(2) == ["mcp", "stdio"]
  }
}

/// The program that runs here.
enum OwnProgram {
  /// Absolute: clients with windows have a short PATH.
  static func path() throws(CmdopError) -> String {
    var path = Processes.ownExecutable(argument: CommandLine.arguments[0])
    // Linux says so when a newer one was installed over the running one.
    if path.hasSuffix(" (deleted)") { path = String(path.dropLast(" (deleted)".count)) }
    if !path.contains("/") {
      let folders = (Start.variable("PATH") ?? "").split(separator: ":").map(String.init)
      path = folders.map { $0 + "/" + path }.first { FileStamp($0) != nil } ?? path
    }
    if !path.hasPrefix("/") { path = Start.workingDirectory + "/" + path }
    guard FileStamp(path) != nil else {
      throw CmdopError(.notFound, "this program is not at \(path) any more", hint: "cmdop version")
    }
    return path
  }
}
