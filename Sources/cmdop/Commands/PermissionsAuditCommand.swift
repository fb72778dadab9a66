import ArgumentParser
import Connect
import Core
import Host
import Permission
import Tools

struct PermissionsAuditCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "What was decided on this machine, and whether the log is whole.",
    discussion: """
      Example: cmdop permissions audit --since 24h --decision deny
      Example: cmdop permissions audit --tail 20 --tool execute_command --json
      Example: cmdop permissions audit --verify
      """)
  @OptionGroup var options: GlobalOptions
  @Option(help: "The last so many that fit.") var tail = 100
  @Option(help: "Only from then on: 30m, 24h, 7d, 2026-03-01 or 2026-03-01T12:00:00Z.") var since: String?
  @Option(help: "Only of this tool.") var tool: String?
  @Option(help: "Only these: allow, deny, ask_allowed, ask_denied, ask_timeout, ask_withdrawn, ask_nobody or noted.")
  var decision: String?
  @Option(help: "Only those whose reason has this in it.") var reason: String?
  @Flag(help: "Check that no line was changed, taken out or put in.") var verify = false

  func validate() throws {
    if tail < 1 { throw ValidationError("--tail is at least 1") }
    if let since, Self.milliseconds(since) == nil {
      throw ValidationError("\"\(since)\" is neither a time span nor a date: --since 24h, --since 2026-03-01")
    }
    if let decision, GateDecision(rawValue: decision) == nil {
      throw ValidationError(
        "\"\(decision)\" is no decision; there are \(GateDecision.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  func work() async throws {
    let folder = try options.place().logs
    if verify { return try check(folder) }
    let start = since.flatMap { Self.milliseconds($0) } ?? 0
    let entries = try GateAudit.entries(folder: folder, limit: tail) { entry in
      entry.at >= start && tool.map { entry.tool == $0 } ?? true
        && decision.map { entry.decision.rawValue == $0 } ?? true
        && reason.map { entry.reason.lowercased().contains($0.lowercased()) } ?? true
    }
    if options.json { return Report.json(entries.map { JSON.object($0.json) }) }
    if entries.isEmpty { return Report.note("nothing like that has happened") }
    Report.table(
      [["NUMBER", "TIME", "DECISION", "TOOL", "TARGET", "BY", "REASON", "WHO"]]
        + entries.map { entry in
          [
            "\(entry.number)", TimeText.at(entry.at), entry.decision.rawValue, entry.tool, entry.target, entry.source,
            entry.reason,
            ([entry.user] + entry.hops).filter { !$0.isEmpty }.joined(separator: " via "),
          ]
        })
  }

  private func check(_ folder: String) throws {
    let finding = try GateAudit.verify(folder: folder)
    if let fault = finding.faults.first {
      let more = finding.faults.count > 1 ? " (and \(finding.faults.count - 1) more)" : ""
      throw CmdopError(.untrusted, "the log is not whole: \(fault)\(more)", hint: "ls -l \(ShellWord.quoted(folder))")
    }
    struct View: Encodable {
      let lines: Int
      let verified: Bool
    }
    if options.json { return Report.json(View(lines: finding.lines, verified: true)) }
    Report.line("\(finding.lines) lines, unbroken")
  }

  private static func milliseconds(_ text: String) -> Int64? {
    if let span = Span(argument: text) { return wallClock() - Int64(span.duration / .milliseconds(1)) }
    return TimeText.milliseconds(of: text)
  }
}
