public import Core

/// One server of others, as mcp.json has it. Values may still have `${env:NAME}` in them.
public struct ServerSettings: Hashable, Sendable {
  public enum Way: Hashable, Sendable {
    /// A program that speaks over its standard input and output.
    case program(words: [String], environment: [String: String], directory: String?)
    /// Streamable HTTP.
    case http(url: String, headers: [String: String])
  }

  /// As it is called in the file.
  public let key: String
  /// As rules and people call it: `name:tool`.
  public let name: String
  public var way: Way
  /// How long a call may take.
  public var timeout: Duration
  public var isDisabled: Bool
  /// What the server says about its tools (read-only, destructive) is believed.
  public var trustsAnnotations: Bool

  public static let usualTimeout = Duration.seconds(60)
  public static let longestTimeout = Duration.seconds(600)
  /// Leaves at least 30 characters for the names of its tools.
  static let longestName = 32

  /// Throws `badUsage` with what is wrong: a name that is no name, a timeout out of bounds, an address that is none.
  public init(
    _ key: String, _ way: Way, timeout: Duration = usualTimeout, isDisabled: Bool = false,
    trustsAnnotations: Bool = false
  ) throws(CmdopError) {
    (self.key, name) = (key, try ServerName.of(key))
    (self.way, self.timeout, self.isDisabled) = (way, timeout, isDisabled)
    self.trustsAnnotations = trustsAnnotations
    guard timeout >= .milliseconds(1), timeout <= Self.longestTimeout else {
      throw CmdopError(.badUsage, "the timeout of \(name) must be between 1 ms and 600 s")
    }
    switch way {
    case .program(let words, _, _):
      guard let first = words.first, !first.isEmpty else { throw CmdopError(.badUsage, "\(name) has no command") }
    case .http(let url, _):
      guard url.hasPrefix("https://") || url.hasPrefix("http://") || url.hasPrefix("${env:") else {
        throw CmdopError(.badUsage, "the url of \(name) must begin with https:// or http://")
      }
    }
  }

  /// A member of "mcpServers".
  init(_ key: String, _ json: JSON) throws(CmdopError) {
    let name = try ServerName.of(key)
    func fault(_ what: String) -> CmdopError { CmdopError(.badUsage, "the server \(name): \(what)") }
    guard json.object != nil else { throw fault("must be an object with \"command\" or \"url\"") }
    func texts(_ member: String) throws(CmdopError) -> [String: String] {
      guard let given = json[member], !given.isNull else { return [:] }
      let texts = given.object?.compactMapValues(\.string)
      guard let texts, texts.count == given.object?.count else {
        throw fault("\"\(member)\" must be an object of texts")
      }
      return texts
    }
    let way: Way
    switch (json["command"], json["url"]) {
    case (let command?, nil):
      guard let command = command.string else { throw fault("\"command\" must be a text") }
      let arguments = json["args"] ?? []
      guard let arguments = arguments.strings else { throw fault("\"args\" must be a list of texts") }
      way = .program(words: [command] + arguments, environment: try texts("env"), directory: json["cwd"]?.string)
    case (nil, let url?):
      guard let url = url.string else { throw fault("\"url\" must be a text") }
      if json["type"] == "sse" {
        throw fault("the old SSE transport is not spoken; look for its Streamable HTTP address")
      }
      way = .http(url: url, headers: try texts("headers"))
    case (nil, nil): throw fault("has neither \"command\" nor \"url\"")
    default: throw fault("has both \"command\" and \"url\"")
    }
    func flag(_ member: String) throws(CmdopError) -> Bool {
      guard let given = json[member] else { return false }
      guard let flag = given.bool else { throw fault("\"\(member)\" must be true or false") }
      return flag
    }
    var timeout = Self.usualTimeout
    if let given = json["timeout_ms"] {
      guard let milliseconds = given.integer, (1...600_000).contains(milliseconds) else {
        throw fault("\"timeout_ms\" must be a number from 1 to 600000")
      }
      timeout = .milliseconds(milliseconds)
    }
    try self.init(
      key, way, timeout: timeout, isDisabled: try flag("disabled"), trustsAnnotations: try flag("trust_annotations"))
  }

  /// As a member of "mcpServers".
  var json: JSON {
    var members: [String: JSON] = [:]
    func texts(_ texts: [String: String]) -> JSON? {
      texts.isEmpty ? nil : .object(texts.mapValues { .string($0) })
    }
    switch way {
    case .program(let words, let environment, let directory):
      members["command"] = words.first.map { .string($0) }
      if words.count > 1 { members["args"] = .array(words.dropFirst().map { .string($0) }) }
      members["env"] = texts(environment)
      members["cwd"] = directory.map { .string($0) }
    case .http(let url, let headers):
      members["url"] = .string(url)
      members["headers"] = texts(headers)
    }
    if timeout != Self.usualTimeout { members["timeout_ms"] = .integer(Int(timeout / .milliseconds(1))) }
    if isDisabled { members["disabled"] = true }
    if trustsAnnotations { members["trust_annotations"] = true }
    return .object(members)
  }

  /// For people, without anything that may be a secret: arguments and queries may carry one.
  public var place: String {
    switch way {
    case .program(let words, _, _):
      let more = words.count > 1 ? " and \(words.count - 1) more words" : ""
      return OneLine.of("\(words.first ?? "")\(more)")
    case .http(let url, _):
      let plain = url.prefix { $0 != "?" && $0 != "#" }
      guard let slashes = plain.firstRange(of: "//") else { return OneLine.of(String(plain)) }
      let rest = plain[slashes.upperBound...]
      let authority = rest.prefix { $0 != "/" }
      let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
      return OneLine.of("\(plain[..<slashes.upperBound])\(host)\(rest.dropFirst(authority.count))")
    }
  }
}

/// Names of servers: lower case, digits, single lines between. No two underscores side by side and none at the ends: "__" is
/// what stands between server and tool towards models.
enum ServerName {
  static func of(_ key: String) throws(CmdopError) -> String {
    var name = ""
    for scalar in key.unicodeScalars.prefix(200) {
      let small = Character(scalar).lowercased()
      let isPlain = small.utf8.count == 1 && small.utf8.allSatisfy { ToolName.isPlain($0) }
      let next: Character = isPlain ? Character(small) : "_"
      if next == "_", name.isEmpty || name.hasSuffix("_") { continue }
      name.append(next)
    }
    name = String(name.prefix(ServerSettings.longestName))
    while name.hasSuffix("_") { name.removeLast() }
    guard !name.isEmpty else {
      throw CmdopError(
        .badUsage, "\"\(OneLine.of(key.cut(60)))\" is no name for a server",
        hint: "cmdop mcp servers add github -- npx -y @modelcontextprotocol/server-github")
    }
    return name
  }
}
