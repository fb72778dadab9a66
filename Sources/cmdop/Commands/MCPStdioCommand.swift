import ArgumentParser
import Host

struct MCPStdioCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "stdio", abstract: "Serve an MCP client on standard input and output; it starts this, people do not.",
    discussion: """
      Starts the daemon if none runs. Logs and everything else go to standard error.
      Example, in a client's configuration: {"command": "/usr/local/bin/cmdop", "args": ["mcp", "stdio"]}
      """)
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    if StandardStreams.isTerminal(0) {
      Report.note("an MCP client speaks here, line by line; Ctrl-D ends it. To tell a client: cmdop mcp install --help")
    }
    try await MCPRole(options: options).serveStandardStreams()
  }
}
