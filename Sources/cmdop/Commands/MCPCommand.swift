import ArgumentParser

struct MCPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp", abstract: "The Model Context Protocol: tools of other servers for our agent.",
    discussion: "Example: cmdop mcp servers add github -- npx -y @modelcontextprotocol/server-github",
    subcommands: [MCPServersCommand.self])
}
