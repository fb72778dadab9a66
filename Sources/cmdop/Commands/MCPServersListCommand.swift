import ArgumentParser
import Core
import Host
import MCP

struct MCPServersListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "The servers, and how they are.",
    discussion: "Example: cmdop mcp servers list --json")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let home = try options.place()
    let book = try ServersFile(home: home).read()
    let status = running(home)
    if let fault = status?.fault { Report.note("the daemon goes on with what it knew: \(fault)") }
    // What was added a moment ago.
    let isSeenSoon = status != nil && status?.fault == nil
    let views = book.entries.map { entry in
      ServerView(entry, status?.servers.first { $0.name == entry.name }, isSeenSoon: isSeenSoon)
    }
    if options.json { return Report.json(views) }
    if views.isEmpty {
      Report.note("no servers")
      return Report.note("try: cmdop mcp servers add files -- npx -y @modelcontextprotocol/server-filesystem /srv/data")
    }
    Report.table(
      [["NAME", "STATE", "TOOLS", "REVISION", "WHERE", "WHY"]]
        + views.map { view in
          [
            view.name, view.state, view.state == "ready" ? "\(view.tools)" : "", view.revision ?? "", view.where,
            view.why ?? "",
          ]
        })
    if status == nil { Report.note("no daemon runs here: nothing of them does") }
  }

  /// What the daemon says, if one runs.
  private func running(_ home: Home) -> ServersStatusFile? {
    guard let pid = DaemonControl(home: home, options: options).pid else { return nil }
    let status = (try? home.load(ServersStatusFile.self, home.otherServersStatus)) ?? nil
    return status?.pid == Int64(pid) ? status : nil
  }
}

/// A server as programs read it. Names of variables and headers, never what they are.
struct ServerView: Encodable {
  let name: String
  let state: String
  let why: String?
  let tools: Int
  let left_out: Int
  let starts: Int
  let revision: String?
  let server: String?
  let kind: String?
  let `where`: String
  let env: [String]
  let headers: [String]
  let timeout_ms: Int?
  let trust_annotations: Bool

  init(_ entry: ServerBook.Entry, _ status: ServerStatus?, isSeenSoon: Bool) {
    name = entry.name
    (tools, left_out, starts) = (status?.tools ?? 0, status?.leftOut ?? 0, status?.starts ?? 0)
    (revision, server) = (status?.revision, status?.server)
    switch entry {
    case .bad(_, let error):
      (state, why, kind, `where`, env, headers, timeout_ms) = ("broken", error.message, nil, "", [], [], nil)
      trust_annotations = false
    case .good(let settings):
      let isNew = status == nil && isSeenSoon && !settings.isDisabled
      state = settings.isDisabled ? "disabled" : status?.state.rawValue ?? (isNew ? "starting" : "stopped")
      why = isNew ? "new: the daemon looks every two seconds" : status?.why
      (`where`, trust_annotations) = (settings.place, settings.trustsAnnotations)
      timeout_ms = Int(settings.timeout / .milliseconds(1))
      switch settings.way {
      case .program(_, let environment, _): (kind, env, headers) = ("stdio", environment.keys.sorted(), [])
      case .http(_, let given): (kind, env, headers) = ("http", [], given.keys.sorted())
      }
    }
  }
}
