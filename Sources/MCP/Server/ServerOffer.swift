public import Core

/// What a server has to offer. The server speaks the protocol and knows nothing of tools; whoever offers knows nothing of the
/// protocol's revisions: all JSON here has the shapes that are common to them (schema 2026-07-28, without `resultType`,
/// `ttlMs` and `_meta`, which the server adds where they belong).
public protocol ServerOffer: Sendable {
  var card: ServerCard { get }

  /// `Tool` objects, in a stable order.
  func tools() async -> [JSON]
  /// A `CallToolResult`. Throws `invalidParams` for a tool that is not there; everything else that goes wrong is a result with
  /// `isError`. Cancelling the task ends what the call has started.
  func callTool(_ name: String, _ arguments: JSON, _ call: OfferCall) async throws(RPCError) -> JSON

  /// `Resource` objects.
  func resources() async -> [JSON]
  /// `ResourceTemplate` objects.
  func resourceTemplates() async -> [JSON]
  /// `TextResourceContents` or `BlobResourceContents`. Throws `resourceNotFound`.
  func readResource(_ uri: String, _ call: OfferCall) async throws(RPCError) -> [JSON]
  /// Tells whenever that resource may have changed, until its task is cancelled.
  func watchResource(_ uri: String, _ changed: @escaping @Sendable () -> Void) async

  /// `Prompt` objects.
  func prompts() async -> [JSON]
  /// A `GetPromptResult`. Throws `invalidParams` for a prompt that is not there and for arguments that are missing.
  func prompt(_ name: String, _ arguments: [String: String], _ call: OfferCall) async throws(RPCError) -> JSON
  /// Values that complete what was typed of an argument, the best first.
  func complete(_ reference: JSON, argument: String, typed: String) async -> [String]

  /// Tells what has changed in the lists, until its task is cancelled.
  func watchLists(_ changed: @escaping @Sendable (ListChange) -> Void) async
}

public enum ListChange: Hashable, Sendable { case tools, resources, prompts }

/// Who the server is.
public struct ServerCard: Sendable {
  public let name: String
  public let title: String
  public let version: String
  /// For the model: what this server is good for.
  public let instructions: String
  /// Messages of the `notifications/message` kind may come.
  public let hasLogging: Bool

  public init(name: String, title: String, version: String, instructions: String, hasLogging: Bool = false) {
    (self.name, self.title, self.version) = (name, title, version)
    (self.instructions, self.hasLogging) = (instructions, hasLogging)
  }

  /// `Implementation`.
  var json: JSON { ["name": .string(name), "title": .string(title), "version": .string(version)] }
}

/// Who the client says to be.
public struct ClientFacts: Hashable, Sendable {
  public var name: String
  public var version: String
  /// Of `ClientCapabilities`: elicitation, sampling, roots, and what they have of flags.
  public var capabilities: JSON
  public var revision: ProtocolRevision

  /// Keeps of it what counts here, so that a session is small whatever its client says of itself.
  public init(name: String, version: String, capabilities: JSON, revision: ProtocolRevision) {
    (self.name, self.version, self.revision) = (String(name.prefix(200)), String(version.prefix(100)), revision)
    let known = (capabilities.object ?? [:]).filter { ["elicitation", "sampling", "roots"].contains($0.key) }
    self.capabilities = .object(
      known.mapValues { value in
        .object(
          (value.object ?? [:]).filter { ["form", "url", "listChanged", "tools", "context"].contains($0.key) }
            .mapValues { $0.bool.map { .bool($0) } ?? [:] })
      })
  }

  /// Whether it can show a form to its person.
  public var canElicit: Bool {
    guard let elicitation = capabilities["elicitation"]?.object else { return false }
    // Without further words it is a form.
    return elicitation["form"] != nil || elicitation["url"] == nil
  }
}

/// The call that is being worked on, as whoever works on it sees it.
public struct OfferCall: Sendable {
  public let client: ClientFacts
  /// A number that rises is made of it; nothing is sent where the client has not asked for progress, or too soon after the last.
  public let progress: @Sendable (_ message: String) -> Void
  /// The same where the numbers are known: `done` of `total`.
  public let advance: @Sendable (_ done: Double, _ total: Double?, _ message: String?) -> Void
  /// A message of the server's log; `level` as in syslog ("info"). Nothing is sent below the level that the client wants.
  public let log: @Sendable (_ level: String, _ data: JSON) -> Void
  /// Asks the client something: `elicitation/create`, `sampling/createMessage`, with their params; its result. Throws
  /// `missingCapability` where it cannot.
  public let ask: @Sendable (_ method: String, _ params: JSON) async throws(RPCError) -> JSON
}
