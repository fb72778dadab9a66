public import Core

/// mcp.json: `{"mcpServers": {"name": {"command": …} | {"url": …}}}`, as other programs write it, too. What is not understood
/// is kept when it is written again.
public struct ServerBook: Hashable, Sendable {
  public enum Entry: Hashable, Sendable {
    case good(ServerSettings)
    /// One that cannot be used does not keep the others from being used.
    case bad(key: String, CmdopError)

    public var name: String {
      switch self {
      case .good(let settings): settings.name
      case .bad(let key, _): (try? ServerName.of(key)) ?? OneLine.of(key.cut(40))
      }
    }
  }

  /// Who has more has another problem.
  static let most = 64
  /// The largest file, in bytes.
  public static let longest = 1 << 20

  public private(set) var json: JSON = [:]

  public init() {}

  /// Throws `badUsage`, with the line, for what is no such file.
  public init(parsing bytes: [UInt8]) throws(CmdopError) {
    if bytes.allSatisfy({ $0 == 0x20 || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }) { return }
    json = try JSON(parsing: bytes)
    guard json.object != nil else { throw CmdopError(.badUsage, "it must be an object with \"mcpServers\"") }
    if let servers = json["mcpServers"], servers.object == nil {
      throw CmdopError(.badUsage, "\"mcpServers\" must be an object of servers")
    }
  }

  /// By name.
  public var entries: [Entry] {
    var names: [String: String] = [:]
    var entries: [Entry] = []
    for (key, json) in (json["mcpServers"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      do throws(CmdopError) {
        let settings = try ServerSettings(key, json)
        if let other = names[settings.name] {
          throw CmdopError(.exists, "would have the same name as \(OneLine.of(other))")
        }
        guard names.count < Self.most else {
          throw CmdopError(.limit, "more than \(Self.most) servers are not started")
        }
        names[settings.name] = key
        entries.append(.good(settings))
      } catch { entries.append(.bad(key: key, error)) }
    }
    return entries.sorted { $0.name < $1.name }
  }

  public var settings: [ServerSettings] {
    entries.compactMap { if case .good(let settings) = $0 { settings } else { nil } }
  }

  /// The one that is meant: by its key or its name.
  public func entry(_ words: String) -> Entry? {
    let wanted = try? ServerName.of(words)
    return entries.first { if case .good(let settings) = $0 { settings.key == words } else { false } }
      ?? entries.first { $0.name == wanted || $0.name == words }
  }

  /// Throws `exists` for a name that is taken.
  public mutating func add(_ settings: ServerSettings) throws(CmdopError) {
    if entry(settings.key) != nil || entry(settings.name) != nil {
      throw CmdopError(
        .exists, "there is a server \(settings.name) already", hint: "cmdop mcp servers remove \(settings.name)")
    }
    change { $0[settings.key] = settings.json }
  }

  /// Throws `notFound`.
  public mutating func remove(_ words: String) throws(CmdopError) -> String {
    guard let entry = entry(words) else {
      throw CmdopError(
        .notFound, "there is no server \"\(OneLine.of(words.cut(60)))\"", hint: "cmdop mcp servers list")
    }
    let key: String
    switch entry {
    case .good(let settings): key = settings.key
    case .bad(let bad, _): key = bad
    }
    change { $0[key] = nil }
    return entry.name
  }

  private mutating func change(_ body: (inout [String: JSON]) -> Void) {
    var all = json.object ?? [:]
    var servers = all["mcpServers"]?.object ?? [:]
    body(&servers)
    all["mcpServers"] = .object(servers)
    json = .object(all)
  }
}
