import ArgumentParser
import Core
import Host
import MCP

struct MCPServersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "servers", abstract: "MCP servers of others, whose tools this machine's agent may call.",
    discussion: """
      Their tools are SERVER:TOOL in rules, judged as all others are. docs/mcp-servers.md has the rest.
      Example: cmdop mcp servers add github --env 'TOKEN=${env:GITHUB_TOKEN}' -- npx -y @modelcontextprotocol/server-github
      Example: cmdop permissions deny 'github:*'
      """,
    subcommands: [
      MCPServersAddCommand.self, MCPServersListCommand.self, MCPServersRemoveCommand.self, MCPServersTestCommand.self,
    ])
}

struct MCPServersAddCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add a server: a program, or an address.",
    discussion: """
      Secrets need not stand in the file: ${env:NAME} is the variable NAME of the daemon, or of agent.env.
      Example: cmdop mcp servers add files -- npx -y @modelcontextprotocol/server-filesystem /srv/data
      Example: cmdop mcp servers add linear --url https://mcp.linear.app/mcp --header 'Authorization=Bearer ${env:LINEAR_TOKEN}'
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(help: "What it is called here: lower case, digits, - and _.") var name: String
  @Option(help: "NAME=value, a variable of the program; more than once.") var env: [String] = []
  @Option(help: "NAME=value, an HTTP header; more than once.") var header: [String] = []
  @Option(help: "How long a call may take, at most 600s.") var timeout = Span(ServerSettings.usualTimeout)
  @Flag(help: "Believe what it says of its tools: which only read, which destroy.") var trustAnnotations = false
  @Option(help: "Its address (Streamable HTTP).") var url: String?
  @Argument(parsing: .postTerminator, help: "The program and its words, behind --.") var command: [String] = []

  func work() async throws {
    let way: ServerSettings.Way
    switch (url, command.isEmpty) {
    case (let url?, true):
      if !env.isEmpty { throw CmdopError(.badUsage, "--env is for programs; an address takes --header") }
      way = .http(url: url, headers: try pairs(header, "--header", separators: "=:"))
    case (nil, false):
      if !header.isEmpty { throw CmdopError(.badUsage, "--header is for addresses; a program takes --env") }
      way = .program(words: command, environment: try pairs(env, "--env", separators: "="), directory: nil)
    default:
      throw CmdopError(
        .badUsage, "a server is a program behind --, or an address behind --url",
        hint: "cmdop mcp servers add files -- npx -y @modelcontextprotocol/server-filesystem /srv/data")
    }
    var settings = try ServerSettings(name, way, timeout: timeout.duration, trustsAnnotations: trustAnnotations)
    // The name that rules have: what is typed is what is found again.
    settings = try ServerSettings(
      settings.name, way, timeout: timeout.duration, trustsAnnotations: trustAnnotations)
    let new = settings
    try await ServersFile(home: try options.place()).change { (book) throws(CmdopError) in try book.add(new) }
    let isMissing = warn(new)
    if options.json { return Report.json(["name": new.name]) }
    Report.line("added \(new.name); its tools are \(new.name):TOOL in rules")
    Report.note("try: \(isMissing ? new.again(more: "--env PATH=\"$PATH\" ") : "cmdop mcp servers test \(new.name)")")
  }

  private func pairs(_ given: [String], _ option: String, separators: String) throws(CmdopError) -> [String: String] {
    var pairs: [String: String] = [:]
    for pair in given {
      guard let place = pair.firstIndex(where: { separators.contains($0) }), place > pair.startIndex else {
        // Not what was given: it may be a secret.
        throw CmdopError(.badUsage, "\(option) needs NAME=value", hint: "cmdop mcp servers add --help")
      }
      let value = pair[pair.index(after: place)...].drop { separators.count > 1 && $0 == " " }
      guard !value.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
        throw CmdopError(.badUsage, "\(option): the value has control characters")
      }
      pairs[String(pair[..<place])] = String(value)
    }
    return pairs
  }

  /// What will not work, or not as somebody may think. True when the program is not where the daemon looks.
  private func warn(_ settings: ServerSettings) -> Bool {
    switch settings.way {
    case .program(let words, let environment, _):
      guard let name = words.first, !name.contains("/"), environment["PATH"] == nil,
        LocalMachine.find(name, in: CommandOrder.path) == nil
      else { return false }
      let own = Start.variable("PATH").flatMap { LocalMachine.find(name, in: $0) }
      Report.note(
        "\(name) is not in \(CommandOrder.path), where the daemon looks\(own.map { "; you have \($0)" } ?? "")")
      return true
    case .http(let url, _):
      let host = url.dropFirst("http://".count).prefix { $0 != "/" && $0 != ":" }
      guard url.hasPrefix("http://"), !["localhost", "127.0.0.1", "[::1]", "["].contains(String(host)) else {
        return false
      }
      Report.note("http:// is not encrypted: whoever is on the way reads the headers and the answers")
    }
    return false
  }
}

extension ServerSettings {
  /// The commands that add it anew, to be mended where it is wrong. Values of variables and headers may be secret.
  func again(more: String = "") -> String {
    var words = "cmdop mcp servers remove \(name) && cmdop mcp servers add \(name) \(more)"
    switch way {
    case .program(let program, let environment, _):
      for variable in environment.keys.sorted() where !more.contains(" \(variable)=") {
        words += "--env \(ShellWord.quoted(variable))=VALUE "
      }
      words += "-- " + program.map { ShellWord.quoted($0) }.joined(separator: " ")
    case .http(let url, let headers):
      for header in headers.keys.sorted() { words += "--header \(ShellWord.quoted(header))=VALUE " }
      words += "--url \(ShellWord.quoted(url))"
    }
    return words
  }
}

struct MCPServersRemoveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take a server away; the daemon ends it within seconds.",
    discussion: "Example: cmdop mcp servers remove github")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its name.") var name: String
  var elsewhere: String? { "cmdop mcp servers list" }

  func work() async throws {
    let name = name
    let gone = try await ServersFile(home: try options.place()).change { (book) throws(CmdopError) in
      try book.remove(name)
    }
    if options.json { return Report.json(["name": gone]) }
    Report.line("gone: \(gone)")
  }
}
