import Core
import MCP
import Testing
import Wire

/// One after the other: the crowd among them leaves the loop little time for others' clocks.
@Suite("MCP over HTTP", .serialized)
enum OverHTTP {}

/// A door with the fixture behind it, on a port of its own.
@Loop
struct EndpointBench: Sendable {
  static let token = "the-token-of-these-tests"
  let port: Int
  let memory: HTTPFixture.Memory

  /// What is answered late, on a machine that has much to do, is to look as it does on others.
  static var patient: EndpointDoor.Options {
    var options = EndpointDoor.Options()
    options.quick = .seconds(20)
    return options
  }

  static func run(
    _ options: EndpointDoor.Options = patient, _ body: @escaping @Loop @Sendable (EndpointBench) async throws -> Void
  ) async throws {
    let memory = HTTPFixture.Memory()
    let door = EndpointDoor(HTTPFixture(memory: memory), token: token, options: options)
    let listener = try await Listener.http(port: 0, door: door)
    try await withThrowingTaskGroup { group in
      group.addTask { await door.run() }
      group.addTask { try await body(EndpointBench(port: listener.port, memory: memory)) }
      try await group.next()
      group.cancelAll()
      await listener.close()
    }
  }

  func caller() async throws -> HTTPCaller { try await HTTPCaller(port) }

  /// Who asks once.
  func ask(
    _ method: String = "POST", _ path: String = "/mcp", _ headers: [String: String] = [:], _ body: JSON? = nil
  ) async throws -> (head: HTTPCaller.Head, body: JSON?) {
    let caller = try await caller()
    try await caller.ask(method, path, headers, body)
    let head = try await caller.head()
    let bytes = try await caller.body()
    try await caller.hangUp()
    // "nil" alone is JSON's null here.
    return (head, bytes.isEmpty ? JSON?.none : try JSON(parsing: bytes))
  }

  /// Waits until something is so that nobody announces.
  static func eventually(
    _ what: String, _ condition: @Loop () async throws -> Bool
  ) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while try await !condition() {
      try #require(ContinuousClock.now < deadline, "still not so: \(what)")
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  /// A session: its headers.
  func session(_ capabilities: JSON = [:], revision: String = "2025-11-25") async throws -> [String: String] {
    let (head, body) = try await ask("POST", "/mcp", [:], HTTPMessages.initialize(capabilities, revision: revision))
    let id = try #require(head["mcp-session-id"], "\(String(describing: body))")
    let session = ["mcp-session-id": id, "mcp-protocol-version": revision]
    let done = try await ask("POST", "/mcp", session, ["jsonrpc": "2.0", "method": "notifications/initialized"])
    #expect(done.head.status == 202 && done.body == nil)
    return session
  }
}

/// What clients say.
enum HTTPMessages {
  static func initialize(_ capabilities: JSON = [:], revision: String = "2025-11-25") -> JSON {
    request(
      0, "initialize",
      [
        "protocolVersion": .string(revision), "capabilities": capabilities,
        "clientInfo": ["name": "test", "version": "1"],
      ])
  }

  static func request(_ id: Int, _ method: String, _ params: JSON = [:]) -> JSON {
    ["jsonrpc": "2.0", "id": .integer(id), "method": .string(method), "params": params]
  }

  static func call(_ id: Int, _ tool: String, _ arguments: JSON = [:]) -> JSON {
    request(
      id, "tools/call", ["name": .string(tool), "arguments": arguments, "_meta": ["progressToken": .integer(id)]])
  }

  /// 2026-07-28: the message, and the headers that belong to it.
  static func modern(
    _ id: Int, _ method: String, _ params: JSON = [:], capabilities: JSON? = [:], revision: String = "2026-07-28"
  ) -> (headers: [String: String], body: JSON) {
    var members = params.object ?? [:]
    var meta: [String: JSON] = [
      "io.modelcontextprotocol/protocolVersion": .string(revision), "progressToken": .integer(id),
      "io.modelcontextprotocol/logLevel": "info",
    ]
    meta["io.modelcontextprotocol/clientCapabilities"] = capabilities
    members["_meta"] = .object(meta)
    var headers = ["mcp-protocol-version": revision, "mcp-method": method]
    headers["mcp-name"] = (params["name"] ?? params["uri"])?.string
    return (headers, request(id, method, .object(members)))
  }

  static func modernCall(_ id: Int, _ tool: String, _ arguments: JSON = [:], capabilities: JSON = [:]) -> (
    headers: [String: String], body: JSON
  ) {
    modern(id, "tools/call", ["name": .string(tool), "arguments": arguments], capabilities: capabilities)
  }
}

extension JSON {
  /// The text of a tool's result.
  var toolText: String? { self["result"]?["content"]?.array?.first?["text"]?.string }
  var errorCode: Int? { self["error"]?["code"]?.integer }
}
