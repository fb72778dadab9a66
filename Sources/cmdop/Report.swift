import Connect
import Core
import FoundationEssentials
import Host
import Wire

/// How results and errors reach the user: results on stdout, everything else on stderr.
enum Report {
  /// One line of a result.
  static func line(_ text: String) { StandardStreams.writeOutput(Array((OneLine.of(text) + "\n").utf8)) }

  /// Several lines of our own making.
  static func lines(_ text: String) { StandardStreams.writeOutput(Array((text + "\n").utf8)) }

  /// One line beside the result.
  static func note(_ text: String) { StandardStreams.writeError(Array((OneLine.of(text) + "\n").utf8)) }

  static func json(_ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do { lines(String(decoding: try encoder.encode(value), as: UTF8.self)) } catch {
      failure(CmdopError(.internalError, "the result cannot be written as JSON"), asJSON: false)
    }
  }

  /// Columns as wide as their widest cell, written at once: a roster may have ten thousand rows. On a narrow terminal the
  /// widest are cut; not where facts stand line by line, which somebody will want to copy.
  static func table(_ rows: [[String]]) {
    if rows.isEmpty { return }
    let width = StandardStreams.isTerminal(1) && rows[0].count > 2 ? StandardStreams.columns : .max
    StandardStreams.writeOutput(Array((TextTable.lines(rows, within: width).joined(separator: "\n") + "\n").utf8))
  }

  /// `error: …`, `try: …`; with `asJSON` one object.
  static func failure(_ error: CmdopError, asJSON: Bool) {
    if asJSON {
      struct Body: Encodable { let code: String, message: String, hint: String? }
      struct Envelope: Encodable { let error: Body }
      json(Envelope(error: Body(code: error.code.rawValue, message: error.message, hint: error.hint)))
    }
    note("error: \(error.message)")
    if let hint = error.hint { note("try: \(hint)") }
  }

  /// docs/errors.md.
  static func exitCode(_ error: CmdopError) -> Int32 {
    switch error.code {
    case .badUsage: 64
    case .wrongState: 65
    case .notFound, .ambiguous: 66
    case .unavailable, .offline, .connectionLost: 69
    case .exists: 73
    case .timeout, .limit: 75
    case .unsupported, .version: 76
    case .unauthenticated, .untrusted, .denied, .pinRequired: 77
    case .cancelled: 130
    default: 70
    }
  }

  /// "3 s ago", "2 h ago", "never".
  static func ago(_ milliseconds: Int64) -> String {
    guard milliseconds > 0 else { return "never" }
    let seconds = max(0, (wallClock() - milliseconds) / 1000)
    return switch seconds {
    case ..<120: "\(seconds) s ago"
    case ..<7200: "\(seconds / 60) min ago"
    case ..<172_800: "\(seconds / 3600) h ago"
    default: "\(seconds / 86_400) d ago"
    }
  }
}
