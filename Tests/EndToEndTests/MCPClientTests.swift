import Foundation
import Testing

@Suite("Foreign MCP clients of two generations", .timeLimit(.minutes(20)), .showsLogs)
struct MCPClientTests {
  @Test("Over standard input and output, with the daemon there", arguments: ForeignClient.all)
  func pipes(_ client: ForeignClient) async throws {
    try await Street.withMCP { street in
      let python = try ForeignClient.python(client.environment)
      try await street.checks(python, client.words(street) + ["--skip", "killed"] + street.mcpServer, atLeast: 22)
    }
  }

  @Test("The server starts the daemon that is not there", arguments: ForeignClient.each)
  func withoutDaemon(_ client: ForeignClient) async throws {
    try await Street.withMCP { street in
      try await street.must(["agent", "stop"], home: street.home("box"))
      let python = try ForeignClient.python(client.environment)
      let some = "connect,read-file,execute-command,wrong-arguments,list-machines,tools"
      try await street.checks(python, client.words(street) + ["--only", some] + street.mcpServer, atLeast: 7)
      #expect(try await street.agentPID("box") > 0)
    }
  }

  @Test("Without a relay there is this machine", arguments: ForeignClient.each)
  func withoutRelay(_ client: ForeignClient) async throws {
    try await Street.withMCP { street in
      try await street.stopRelay()
      let python = try ForeignClient.python(client.environment)
      let some = "connect,read-file,execute-command,progress,prompts,resource-file,ask-allowed,ask-denied"
      try await street.checks(python, client.words(street) + ["--only", some] + street.mcpServer, atLeast: 9)
    }
  }

  @Test("The daemon is killed in the middle of a call", arguments: ForeignClient.each)
  func killed(_ client: ForeignClient) async throws {
    try await Street.withMCP { street in
      let python = try ForeignClient.python(client.environment)
      let pid = ["--only", "killed", "--pid-file", street.home("box") + "/cmdop.pid"]
      try await street.checks(python, client.words(street) + pid + street.mcpServer, atLeast: 2)
    }
  }

  @Test("Over HTTP", arguments: ForeignClient.all)
  func overHTTP(_ client: ForeignClient) async throws {
    try await Street.withMCP(agent: ["--with-mcp", "--mcp-port", "0"]) { street in
      let status = try await street.cmdop(["agent", "status", "--json"], home: street.home("box"))
      let url = try #require((status.json["status"] as? [String: Any])?["mcp_url"] as? String, "\(status.text)")
      let python = try ForeignClient.python(client.environment)
      let way = ["--skip", "killed", "--url", url, "--token-file", street.home("box") + "/mcp.token"]
      try await street.checks(python, client.words(street) + way, atLeast: 22)
    }
  }
}
