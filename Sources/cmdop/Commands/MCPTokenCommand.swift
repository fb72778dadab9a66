import ArgumentParser
import Core

struct MCPTokenCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "The token of MCP over HTTP (cmdop agent start --with-mcp).",
    discussion: "Example: export CMDOP_MCP_TOKEN=\"$(cmdop mcp token)\"")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Make a new one; the old one counts until the daemon is restarted.") var rotate = false

  func work() async throws {
    let home = try options.place()
    let token: String
    if rotate {
      token = try MCPToken.make(home)
      if DaemonControl(home: home, options: options).pid != nil {
        Report.note("it counts once the daemon is restarted: cmdop agent restart")
      }
    } else if let known = try MCPToken.load(home) {
      token = known
    } else {
      throw CmdopError(.notFound, "there is no token yet", hint: "cmdop agent start --with-mcp")
    }
    if options.json { return Report.json(["token": token, "file": home.mcpToken]) }
    Report.line(token)
  }
}
