import Core
import MCPFixtures
import NIOCore

@testable import MCP

/// A client on the other end of two pipes in memory: says lines, waits for what comes back.
@Loop
final class LineBench: Sendable {
  private var incoming: [[UInt8]] = []
  private var hasEnded = false
  private let asked = Turnstile()
  private var splitter = LineSplitter()
  /// Everything that came back, in order.
  private(set) var heard: [JSON] = []
  /// Lines that were no JSON.
  private(set) var noise = 0
  private let news = Turnstile()
  private var lates = 0

  /// Runs `body` with a server that it talks to.
  static func run(
    _ offer: any ServerOffer = FixtureOffer(), _ body: @escaping @Loop @Sendable (LineBench) async throws -> Void
  ) async throws {
    let bench = LineBench()
    let server = LineServer(offer, read: { await bench.next() }, write: { bench.take($0) })
    try await withThrowingTaskGroup { group in
      group.addTask { await server.run() }
      group.addTask {
        try await body(bench)
        await bench.end()
      }
      try await group.waitForAll()
    }
  }

  private func next() async -> [UInt8]? {
    try? await asked.wait { !incoming.isEmpty || hasEnded }
    return incoming.isEmpty ? nil : incoming.removeFirst()
  }

  private func take(_ bytes: [UInt8]) -> Bool {
    for piece in splitter.take(bytes) {
      guard case .line(let line) = piece, let json = try? JSON(parsing: line) else { noise += 1; continue }
      heard.append(json)
    }
    news.wake()
    return true
  }

  func end() {
    hasEnded = true
    asked.wake()
  }

  /// What came back so far, which is not looked at any more.
  func forget() -> [JSON] {
    defer { heard = [] }
    return heard
  }

  func raw(_ bytes: [UInt8]) {
    incoming.append(bytes)
    asked.wake()
  }

  func say(_ message: JSON) { raw(message.bytes + [10]) }
  func say(_ text: String) { raw(Array(text.utf8) + [10]) }

  /// The first message that fits, now or within 20 s.
  func wait(_ fits: (JSON) -> Bool) async throws -> JSON {
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(20)) {
      Loop.assumeIsolated {
        self.lates += 1; self.news.wake()
      }
    }
    defer { alarm.cancel() }
    let before = lates
    try await news.wait { lates > before || heard.contains(where: fits) }
    if let found = heard.first(where: fits) { return found }
    throw CmdopError(.timeout, "nothing fits among \(heard.suffix(20).map(\.text))")
  }

  /// The answer to a request.
  func ask(_ id: JSON, _ method: String, _ params: JSON? = nil) async throws -> JSON {
    var members: [String: JSON] = ["jsonrpc": "2.0", "id": id, "method": .string(method)]
    members["params"] = params
    say(.object(members))
    return try await wait { $0["id"] == id && $0["method"] == nil }
  }

  /// The handshake of the older revisions.
  @discardableResult
  func introduce(_ revision: ProtocolRevision = .november2025, _ capabilities: JSON = [:]) async throws -> JSON {
    let answer = try await ask(
      "hello", "initialize",
      [
        "protocolVersion": .string(revision.rawValue), "capabilities": capabilities,
        "clientInfo": ["name": "bench", "version": "1"],
      ])
    say(["jsonrpc": "2.0", "method": "notifications/initialized"])
    return answer
  }

  /// `_meta` of a stateless request.
  nonisolated static func meta(_ capabilities: JSON = [:], _ more: [String: JSON] = [:]) -> JSON {
    .object(
      [
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": ["name": "bench", "version": "1"],
        "io.modelcontextprotocol/clientCapabilities": capabilities,
      ].merging(more) { $1 })
  }
}
