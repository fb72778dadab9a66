import ArgumentParser

struct MCPStdioCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "stdio", abstract: "Serve an MCP client on standard input and output; it starts this, people do not.",
    discussion: """
      Starts the daemon if none runs. Logs and everything else go to standard error.
      Example, in a client's configuration: {"command": "/usr/local/bin/cmdop", "args": ["mcp", "stdio"]}
      """)
  @OptionGroup var options: GlobalOptions

  func work() async throws { try await MCPRole(options: options).serveStandardStreams() }
}
