import Agent
import ArgumentParser
import Core
import Host
import MCP
import Synchronization

struct MCPServersTestCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Connect to a server from here, and show what it has.",
    discussion: """
      Starts a program of its own beside the daemon's. Ends with an error when the server does not work.
      Example: cmdop mcp servers test github
      """)
  @OptionGroup var options: GlobalOptions
  @Argument(help: "Its name.") var name: String
  @Option(help: "When to give up.") var timeout = Span(.seconds(180))
  var elsewhere: String? { "cmdop mcp servers list" }

  func work() async throws {
    let home = try options.place()
    let settings: ServerSettings
    switch try ServersFile(home: home).read().entry(name) {
    case .good(let good)?: settings = good
    case .bad(_, let error)?: throw error
    case nil:
      throw CmdopError(.notFound, "there is no server \"\(OneLine.of(name))\"", hint: "cmdop mcp servers list")
    }
    let environment = Start.environment.withLock(\.self)
    let secrets = Set(ModelEnvironment.names)
    let poster = WebPoster()
    let means = ServerMeans(
      home: home, account: try UserAccount.current(), environment: environment,
      children: environment.filter { !secrets.contains($0.key) }, poster: poster
    ) { _, _, _ in }
    let report = await ServerReport.make(settings, means, limit: timeout.duration)
    await poster.close()
    if options.json { Report.json(ReportView(settings.name, report)) } else { show(report) }
    guard let fault = report.fault else { return }
    if options.json { throw ExitCode(Report.exitCode(fault)) }
    throw Hint.completed(
      CmdopError(fault.code, "\(settings.name) does not work: \(fault.message)", hint: fault.hint),
      elsewhere: settings.again())
  }

  private func show(_ report: ServerReport) {
    if let revision = report.revision {
      Report.line("\(report.server ?? "") speaks MCP \(revision)")
    }
    if let connecting = report.connecting, let listing = report.listing {
      Report.line("connected in \(milliseconds(connecting)) ms, listed in \(milliseconds(listing)) ms")
    }
    if !report.tools.isEmpty {
      Report.table(
        [["RULE", "TITLE", "READS ONLY", "ITS NAME"]]
          + report.tools.map { [$0.rule, $0.title, $0.isReadOnly ? "yes" : "", $0.name] })
    } else if report.fault == nil {
      Report.line("it has no tools that could be used")
    }
    for left in report.leftOut { Report.note("left out: \(left.name)\(left.name.isEmpty ? "" : ": ")\(left.reason)") }
    if report.noise.lines > 0 {
      Report.note(
        "\(report.noise.lines) lines on its standard output are no messages; the first: \(report.noise.sample)")
    }
    if report.fault != nil, !report.lastWords.isEmpty {
      Report.note("the end of its standard error:")
      for line in report.lastWords.split(separator: "\n") { Report.note("  \(line)") }
    }
  }
}

private func milliseconds(_ duration: Duration) -> Int { Int((duration / .milliseconds(1)).rounded()) }

/// What came of it, as programs read it.
private struct ReportView: Encodable {
  struct ToolView: Encodable { let rule, title, name: String, read_only: Bool }
  struct LeftView: Encodable { let name, reason: String }
  struct FaultView: Encodable { let code, message: String, hint: String? }
  let name: String
  let ok: Bool
  let revision, server: String?
  let connect_ms, list_ms: Int?
  let tools: [ToolView]
  let left_out: [LeftView]
  let noise_lines: Int
  let stderr: String
  let error: FaultView?

  init(_ name: String, _ report: ServerReport) {
    (self.name, ok) = (name, report.fault == nil)
    (revision, server) = (report.revision, report.server)
    (connect_ms, list_ms) = (report.connecting.map(milliseconds), report.listing.map(milliseconds))
    tools = report.tools.map { ToolView(rule: $0.rule, title: $0.title, name: $0.name, read_only: $0.isReadOnly) }
    left_out = report.leftOut.map { LeftView(name: $0.name, reason: $0.reason) }
    (noise_lines, stderr) = (report.noise.lines, report.lastWords)
    error = report.fault.map { FaultView(code: $0.code.rawValue, message: $0.message, hint: $0.hint) }
  }
}
