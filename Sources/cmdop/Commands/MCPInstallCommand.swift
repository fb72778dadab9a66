import ArgumentParser
import Core

/// Which client's list, and under which name there.
struct ClientWords: ParsableArguments {
  @Option(help: "cursor, claude-desktop, claude-code or vscode.") var client: ClientProgram
  @Option(help: "What the client calls this server.") var name = "cmdop"
  @Flag(help: "The list of the project in this directory, not the user's.") var project = false
  @Flag(help: "Also where the entry of that name is not as cmdop would write it.") var force = false

  func validate() throws {
    // Clients build the names of tools from it.
    let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    guard isPlain, (1...40).contains(name.count) else {
      throw ValidationError("--name has 1 to 40 letters, digits, - and _; it is \"\(OneLine.of(name))\"")
    }
  }

  func path(_ file: ClientSettingsFile) -> [String] { [file.client.key, name] }

  /// The same words again, for a hint.
  func again(_ verb: String, _ options: GlobalOptions, _ more: String) -> String {
    var words = "cmdop mcp \(verb) --client \(client.rawValue)"
    if name != "cmdop" { words += " --name \(name)" }
    if project { words += " --project" }
    for (option, value) in [("--home", options.home), ("--server", options.server), ("--fleet", options.fleet)] {
      if let value { words += " \(option) \(ShellWord.quoted(value))" }
    }
    return words + " " + more
  }

  /// The client's file; what is wrong with it comes with a way on for `verb`.
  func file(for verb: String, _ options: GlobalOptions) throws(CmdopError) -> ClientSettingsFile {
    do { return try ClientSettingsFile(client, inProject: project) } catch {
      var hint = error.hint
      switch error.code {
      case .badUsage: hint = "cmdop mcp \(verb) --client \(client.rawValue)"
      case .wrongState:
        hint = again(verb, options, verb == "install" ? "--print   # to add it by hand" : "  # when the file is mended")
      default: break
      }
      throw CmdopError(error.code, error.message, hint: hint)
    }
  }
}

/// What install and uninstall have done.
struct ClientChange: Encodable {
  enum Action: String, Encodable { case added, replaced, unchanged, removed, absent, printed }
  let client: ClientProgram
  let file, name: String
  var action: Action
  var backup: String?
  var entry: JSON?
  var snippet: JSON?
  var next: String?
}

struct MCPInstallCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "install", abstract: "Add cmdop to the MCP servers of an editor or assistant.",
    discussion: """
      Example: cmdop mcp install --client claude-desktop
      Example: cmdop mcp install --client vscode --project
      Example: cmdop mcp install --client cursor --print
      The rest of the client's file stays as it is, comments too; the old one is kept beside it.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var words: ClientWords
  @Flag(name: .customLong("print"), help: "Print what would be added, and write nothing.") var printsOnly = false

  func work() async throws {
    let entry = try ServerEntry(for: words.client, options)
    let snippet = JSON.object([words.client.key: .object([words.name: entry.json])])
    if printsOnly { return try show(snippet) }
    let file = try words.file(for: "install", options)
    if let trouble = file.trouble { throw refused("\(trouble): nothing was written", entry) }
    var change = ClientChange(
      client: words.client, file: file.path, name: words.name, action: .added, entry: entry.json)
    if let old = file.text[words.path(file)] {
      let differences = entry.differences(from: old)
      change.entry = differences.isEmpty ? old : entry.replacing(old)
      change.action = differences.isEmpty ? .unchanged : .replaced
      guard differences.isEmpty || words.force else {
        throw CmdopError(
          .exists, "\(file.path) has another \"\(words.name)\": \(differences.joined(separator: ", "))",
          hint: words.again("install", options, "--force"))
      }
    }
    if change.action != .unchanged {
      change.backup = try file.write(try edited(file, change.entry ?? entry.json, entry))
      change.next = words.client.next(words.name, inProject: words.project)
    }
    if options.json { return Report.json(change) }
    switch change.action {
    case .unchanged: Report.line("already there: \(words.name) in \(file.path)")
    case .replaced: Report.line("replaced: \(words.name) in \(file.path)")
    default: Report.line("added: \(words.name) in \(file.path)")
    }
    if let backup = change.backup { Report.note("the old file: \(backup)") }
    if words.project && change.action != .unchanged {
      Report.note("paths of this machine stand in it, and who shares the project shares the file")
    }
    if let next = change.next { Report.line("now \(next)") }
  }

  private func edited(_ file: ClientSettingsFile, _ value: JSON, _ entry: ServerEntry) throws(CmdopError) -> JSONCText {
    do { return try file.text.setting(words.path(file), to: value, order: ServerEntry.order) } catch {
      throw refused("\(file.path): \(error.message); nothing was written", entry)
    }
  }

  /// Where we cannot write with care, a person may.
  private func refused(_ why: String, _ entry: ServerEntry) -> CmdopError {
    let member = JSON.string(words.name).text + ": " + entry.json.text
    return CmdopError(
      .wrongState, "\(why). To add by hand to \"\(words.client.key)\": \(member)",
      hint: words.again("install", options, "--print"))
  }

  private func show(_ snippet: JSON) throws {
    let path =
      try words.project
      ? words.client.projectFile(in: Start.workingDirectory) ?? words.file(for: "install", options).path
      : words.client.userFile(ClientPlaces())
    if options.json {
      return Report.json(
        ClientChange(client: words.client, file: path, name: words.name, action: .printed, snippet: snippet))
    }
    Report.note("for \(path):")
    Report.lines(JSONPrinter(order: ServerEntry.order).text(snippet))
  }
}

struct MCPUninstallCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "uninstall", abstract: "Take cmdop out of the MCP servers of an editor or assistant.",
    discussion: "Example: cmdop mcp uninstall --client cursor")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var words: ClientWords

  func work() async throws {
    let file = try words.file(for: "uninstall", options)
    var change = ClientChange(client: words.client, file: file.path, name: words.name, action: .absent)
    if let old = file.text[words.path(file)] {
      guard ServerEntry.isOurs(old) || words.force else {
        throw CmdopError(
          .wrongState, "\"\(words.name)\" in \(file.path) does not start cmdop",
          hint: words.again("uninstall", options, "--force"))
      }
      do {
        change.backup = try file.write(try file.text.removing(words.path(file)))
      } catch {
        throw CmdopError(error.code, "\(file.path): \(error.message); nothing was written", hint: error.hint)
      }
      (change.action, change.next) = (.removed, "restart \(words.client.title)")
    }
    if options.json { return Report.json(change) }
    Report.line("\(change.action == .removed ? "removed" : "not there"): \(words.name) in \(file.path)")
    if let backup = change.backup { Report.note("the old file: \(backup)") }
    if let next = change.next { Report.line("now \(next)") }
  }
}
