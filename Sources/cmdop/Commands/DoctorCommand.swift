import ArgumentParser
import Core

struct DoctorCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Look at everything that must be right for this machine to work.",
    discussion: """
      Example: cmdop doctor
      Example: cmdop doctor --json
      Changes nothing and shows no secret. Exits with 1 if something fails; a warning is no failure.
      """)
  @OptionGroup var options: GlobalOptions

  private struct View: Encodable {
    let verdict: Finding.Verdict
    let findings: [Finding]
  }

  func work() async throws {
    let findings = await Checkup(options: options, home: try options.place()).findings()
    let verdict = findings.map(\.verdict).max() ?? .ok
    if options.json {
      Report.json(View(verdict: verdict, findings: findings))
    } else {
      for finding in findings {
        let column = finding.verdict.rawValue + String(repeating: " ", count: 6 - finding.verdict.rawValue.count)
        Report.line("\(column)\(finding.check): \(finding.text)")
        if let hint = finding.hint { Report.line("      try: \(hint)") }
      }
    }
    if verdict == .fail { throw ExitCode(1) }
  }
}
