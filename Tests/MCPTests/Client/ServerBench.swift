import Core
import Foundation
import Host
import NIOCore
import Synchronization
import Testing

@testable import MCP

/// An agent's set of other servers, played by Support/other_server.py. When `body` is done none of them runs any more.
final class ServerBench: Sendable {
  let servers: OtherServers

  static let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Support/other_server.py").path

  static func play(_ words: String...) -> ServerSettings.Way { play(words) }
  static func play(_ words: [String], environment: [String: String] = [:]) -> ServerSettings.Way {
    .program(words: ["/usr/bin/python3", script] + words, environment: environment, directory: nil)
  }

  /// Programs are real ones; there is nobody at any address.
  static func means(
    poster: any HTTPPoster = NobodyThere(), variables: [String: String] = [:],
    note: @escaping @Sendable (String) -> Void = { _ in }
  ) throws -> ServerMeans {
    let account = try UserAccount.current()
    let machine = LocalMachine(account: account, environment: CommandOrder.environment(of: account, from: [:]))
    return ServerMeans(
      start: { (order) async throws(CmdopError) in try await machine.converse(order) }, poster: poster,
      variable: { variables[$0] }, note: { server, text, _ in note("\(server): \(text)") })
  }

  static func run(
    _ settings: [ServerSettings], poster: any HTTPPoster = NobodyThere(), variables: [String: String] = [:],
    _ body: @Sendable @escaping (ServerBench) async throws -> Void
  ) async throws {
    let bench = try ServerBench(poster, variables)
    var book = ServerBook()
    for settings in settings { try book.add(settings) }
    await bench.servers.use(book)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await bench.servers.run() }
      group.addTask { try await body(bench) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private init(_ poster: any HTTPPoster, _ variables: [String: String]) throws {
    servers = OtherServers(try Self.means(poster: poster, variables: variables))
  }

  func tool(_ name: String) -> (any Tool)? { servers.current.first { $0.definition.name == name } }

  func status(_ name: String) async -> ServerStatus? { await servers.status.first { $0.name == name } }

  /// Calls a tool, once it is there.
  func call(
    _ name: String, _ arguments: JSON = [:], deadline: Duration? = nil,
    progress: @escaping @Sendable (ToolProgress) -> Void = { _ in }
  ) async throws -> ToolOutcome {
    try await eventually("there is a tool \(name)") { tool(name) != nil }
    let caller = Caller(kind: .local, subject: "ann", role: .owner, fleet: FleetID(rawValue: "f"))
    let call = ToolCall(
      id: "1", tool: name, arguments: arguments, caller: caller, deadline: deadline.map { .now + $0 },
      progress: progress)
    return try await #require(tool(name)).call(call)
  }
}

final class Seen: Sendable { let count = Mutex(0) }

struct NobodyThere: HTTPPoster {
  func post(
    _ post: HTTPPost, _ take: @escaping @Sendable (HTTPPostHead, ByteBuffer) async throws(CmdopError) -> Bool
  ) async throws(CmdopError) -> HTTPPostHead { throw CmdopError(.unavailable, "the connection failed") }
}

struct StillNotSo: Error, CustomStringConvertible { let description: String }

/// Waits for a condition, at most so many seconds.
func eventually(_ what: String, within seconds: Double = 30, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try await !condition() {
    guard ContinuousClock.now < deadline else { throw StillNotSo(description: "not within \(seconds) s: \(what)") }
    try await Task.sleep(for: .milliseconds(20))
  }
}
