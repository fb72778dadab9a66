import Foundation
import Testing

@Suite("MCP on the wire", .timeLimit(.minutes(20)), .showsLogs)
struct MCPWireTests {
  @Test("Every line in every revision is as its schema says")
  func reachable() async throws {
    try await Street.withMCP { street in
      let words = [Street.support + "/mcp_wire.py", "--work", street.home("work")] + street.mcpServer
      try await street.checks(try ForeignClient.python("mcp2"), words, atLeast: 21)
    }
  }

  @Test("Every line is as its schema says also where nothing can be reached")
  func alone() async throws {
    try await Street.run([], waits: true) { street in
      try FileManager.default.createDirectory(atPath: street.home("work"), withIntermediateDirectories: true)
      let words = [Street.support + "/mcp_wire.py", "--no-calls", "--work", street.home("work")] + street.mcpServer
      try await street.checks(try ForeignClient.python("mcp2"), words, atLeast: 15)
    }
  }
}
