import ArgumentParser
import Core
import Host

/// A program that starts MCP servers of its own, and where it has the list of them.
enum ClientProgram: String, CaseIterable, ExpressibleByArgument, Encodable {
  case cursor
  case claudeDesktop = "claude-desktop"
  case claudeCode = "claude-code"
  case vscode

  var title: String {
    switch self {
    case .cursor: "Cursor"
    case .claudeDesktop: "Claude Desktop"
    case .claudeCode: "Claude Code"
    case .vscode: "VS Code"
    }
  }

  /// The member of the file that has the servers.
  var key: String { self == .vscode ? "servers" : "mcpServers" }

  /// The others ignore such a file as a whole, some without a word.
  var readsComments: Bool { self == .cursor || self == .vscode }

  /// Whether an entry says that its server is a program to start.
  var wantsType: Bool { self == .vscode || self == .claudeCode }

  /// What makes the program see the change.
  func next(_ name: String, inProject: Bool) -> String {
    switch self {
    case .cursor: "restart Cursor; its settings show \(name) under MCP"
    case .claudeDesktop: "restart Claude Desktop"
    case .claudeCode:
      "start claude again\(inProject ? " in this project and say yes to its question" : ""); /mcp shows it"
    case .vscode: "in VS Code run \"MCP: List Servers\" and start \(name)"
    }
  }

  /// nil: the program has no such list per project.
  func projectFile(in directory: String) -> String? {
    switch self {
    case .cursor: directory + "/.cursor/mcp.json"
    case .claudeDesktop: nil
    case .claudeCode: directory + "/.mcp.json"
    case .vscode: directory + "/.vscode/mcp.json"
    }
  }

  func userFile(_ places: ClientPlaces) -> String {
    switch self {
    case .cursor: places.home + "/.cursor/mcp.json"
    case .claudeDesktop: places.settings + "/Claude/claude_desktop_config.json"
    case .claudeCode: (places.claude ?? places.home) + "/.claude.json"
    case .vscode: places.settings + "/Code/User/mcp.json"
    }
  }
}

/// Where programs of this user keep their settings: as they look it up themselves, from the environment first.
struct ClientPlaces {
  let home: String
  /// Of programs with windows.
  let settings: String
  /// Where Claude Code was told to keep its own.
  let claude: String?

  init() throws(CmdopError) {
    let account = try UserAccount.current()
    home = Start.variable("HOME") ?? account.home
    claude = Start.variable("CLAUDE_CONFIG_DIR")
    let isMac = LocalMachine.platform.hasPrefix("macos/")
    // An XDG path that is not absolute counts as none, says its specification.
    let own = Start.variable("XDG_CONFIG_HOME").flatMap { $0.hasPrefix("/") ? $0 : nil }
    settings = isMac ? home + "/Library/Application Support" : own ?? home + "/.config"
  }
}
