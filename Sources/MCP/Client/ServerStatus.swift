/// How a server of others is, for people.
public struct ServerStatus: Codable, Hashable, Sendable {
  public enum State: String, Codable, Sendable {
    case starting, ready, failed, disabled
    /// Its settings cannot be used.
    case broken
  }

  public var name: String
  public var state: State
  /// What is wrong, where something is.
  public var why: String?
  /// That our agent can call.
  public var tools = 0
  public var leftOut = 0
  /// The revision of MCP that is spoken.
  public var revision: String?
  /// What the server calls itself.
  public var server: String?
  /// Starts so far.
  public var starts = 0

  public init(_ name: String, _ state: State, why: String? = nil) {
    (self.name, self.state, self.why) = (name, state, why)
  }

  enum CodingKeys: String, CodingKey {
    case name, state, why, tools, revision, server, starts
    case leftOut = "left_out"
  }
}
