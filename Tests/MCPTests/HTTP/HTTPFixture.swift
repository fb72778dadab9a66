import Core
import MCP

/// A server with tools that do what these tests need, and a memory of what became of them.
struct HTTPFixture: ServerOffer {
  @Loop
  final class Memory: Sendable {
    var (running, finished, cancelled) = (0, 0, 0)
    var (tellLists, tellResource): ((@Sendable (ListChange) -> Void)?, (@Sendable () -> Void)?)
    var gate = false
    let news = Turnstile()

    func open() {
      gate = true
      news.wake()
    }

    /// Until the test opens the gate.
    func wait() async {
      running += 1
      defer { running -= 1 }
      do { try await news.wait { gate } } catch { return cancelled += 1 }
      finished += 1
    }
  }

  let memory: Memory
  let card = ServerCard(name: "fixture", title: "Fixture", version: "1", instructions: "Try it.", hasLogging: true)

  func tools() async -> [JSON] {
    ["echo", "wait", "steps", "ask", "flood"].map { ["name": .string($0), "inputSchema": ["type": "object"]] }
  }

  func callTool(_ name: String, _ arguments: JSON, _ call: OfferCall) async throws(RPCError) -> JSON {
    switch name {
    case "echo": return Self.text(arguments["text"]?.string ?? "")
    case "wait":
      await memory.wait()
      return Self.text("waited")
    case "steps":
      for step in 1...3 {
        call.advance(Double(step), 3, "step \(step)")
        try? await Task.sleep(for: .milliseconds(110))
      }
      return Self.text("walked")
    case "ask":
      let answer = try await call.ask(
        "elicitation/create",
        ["message": "May I?", "requestedSchema": ["type": "object", "properties": ["ok": ["type": "boolean"]]]])
      return Self.text(answer["action"]?.string ?? "?")
    case "flood":
      let words = JSON.string(String(repeating: "x", count: 16 << 10))
      for _ in 0..<(arguments["count"]?.integer ?? 0) {
        call.log("info", words)
        try? await Task.sleep(for: .milliseconds(1))
      }
      return Self.text(String(repeating: "y", count: arguments["size"]?.integer ?? 0))
    default: throw .invalidParams("there is no tool \(name)")
    }
  }

  private static func text(_ text: String) -> JSON { ["content": [["type": "text", "text": .string(text)]]] }

  func resources() async -> [JSON] { [["uri": "test://näme", "name": "a"]] }
  func resourceTemplates() async -> [JSON] { [] }
  func readResource(_ uri: String, _ call: OfferCall) async throws(RPCError) -> [JSON] {
    guard uri == "test://näme" else { throw .resourceNotFound(uri) }
    return [["uri": .string(uri), "text": "here"]]
  }
  func watchResource(_ uri: String, _ changed: @escaping @Sendable () -> Void) async {
    await keep { $0.tellResource = changed }
  }
  func prompts() async -> [JSON] { [] }
  func prompt(_ name: String, _ arguments: [String: String], _ call: OfferCall) async throws(RPCError) -> JSON {
    throw .invalidParams("there is no prompt \(name)")
  }
  func complete(_ reference: JSON, argument: String, typed: String) async -> [String] { [] }
  func watchLists(_ changed: @escaping @Sendable (ListChange) -> Void) async { await keep { $0.tellLists = changed } }

  private func keep(_ body: @Loop (Memory) -> Void) async {
    await body(memory)
    try? await Task.sleep(for: .seconds(3600))
  }
}
