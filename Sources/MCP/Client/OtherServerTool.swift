import Core
import Synchronization

/// A tool of another MCP server, as our agent has it: `server:tool`. Whoever calls it has been judged by that name.
struct OtherServerTool: Tool {
  private let offered: OfferedTool
  private let server: OtherServer

  init(_ offered: OfferedTool, of server: OtherServer) { (self.offered, self.server) = (offered, server) }

  var definition: ToolDefinition { offered.definition }

  func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome { try await server.call(offered, call) }
}

/// Lets a few notes a second through: a server may say how far it is as often as it likes.
final class NotePace: Sendable {
  private let progress: @Sendable (ToolProgress) -> Void
  private let last = Mutex<ContinuousClock.Instant?>(nil)
  static let pause = Duration.milliseconds(250)

  init(_ progress: @escaping @Sendable (ToolProgress) -> Void) { self.progress = progress }

  func take(_ text: String) {
    guard !text.isEmpty else { return }
    let isTime = last.withLock { last in
      let now = ContinuousClock.now
      if let last, now - last < Self.pause { return false }
      last = now
      return true
    }
    if isTime { progress(.note(text)) }
  }
}
