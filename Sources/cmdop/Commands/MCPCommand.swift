import ArgumentParser

struct MCPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp",
    abstract: "The fleet for AI clients (Model Context Protocol), and other servers' tools for our agent.",
    discussion: "Example: cmdop mcp install --client cursor",
    subcommands: [
      MCPStdioCommand.self, MCPInstallCommand.self, MCPUninstallCommand.self, MCPToolsCommand.self,
      MCPTokenCommand.self, MCPServersCommand.self,
    ])
}
