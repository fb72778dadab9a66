import Core
import Host

/// The part of a definition that all tools share which run a command.
enum CommandArguments {
  static let command: JSON = [
    "type": "string", "minLength": 1, "maxLength": 262_144,
    "description": "A line or script for bash. Pipes, redirections and && work. There is no terminal and no input.",
  ]
  static let argv: JSON = [
    "type": "array", "items": ["type": "string"], "minItems": 1, "maxItems": 4096,
    "description": "Instead of command: program and arguments, no shell, no quoting needed.",
  ]
  static let cwd: JSON = ["type": "string", "description": "Where it runs. Default: the conversation's directory."]

  /// Which of the two was given. Throws `badUsage` for both and for none.
  static func program(of judged: JudgedCall) throws(CmdopError) -> CommandOrder.Program {
    switch (judged["command"]?.string, judged["argv"]?.strings) {
    case (let text?, nil): return .shell(text)
    case (nil, let words?): return .words(words)
    default: throw CmdopError(.badUsage, "give command (a line for the shell) or argv (the words), one of them")
    }
  }

  /// A line for people.
  static func title(of program: CommandOrder.Program) -> String {
    let text =
      switch program {
      case .shell(let text): text
      case .words(let words): words.joined(separator: " ")
      }
    let line = OneLine.of(text)
    return line.count <= 200 ? line : String(line.prefix(199)) + "…"
  }
}

extension NamedProcess {
  var json: JSON { ["pid": .integer(Int(id)), "name": .string(name)] }
  static func line(_ processes: [NamedProcess]) -> String {
    processes.map { "\($0.id) \($0.name)" }.joined(separator: ", ")
  }
}

/// How a captured command went, for the model.
struct CommandReport {
  var end: CapturedEnd
  var text: CapturedText
  var timeout: Duration?

  /// As `timeout` says it where the time was up.
  var exitCode: Int { end.cause == .timeout ? 124 : Int(end.end.shellStatus) }
  var succeeded: Bool { end.cause == .itself && exitCode == 0 }

  var outcome: ToolOutcome {
    var value: [String: JSON] = [
      "exit_code": .integer(exitCode), "output": .string(text.output), "bytes": .integer(text.bytes),
      "lines": .integer(text.lines), "truncated": .bool(text.isTruncated), "binary": .bool(text.isBinary),
      "timed_out": .bool(end.cause == .timeout), "cancelled": .bool(end.cause == .stop),
      "duration_ms": .integer(Int(end.duration / .milliseconds(1))), "ended": .array(end.leftovers.map(\.json)),
      "survivors": .array(end.survivors.map(\.json)),
    ]
    if let spool = text.spool { value["spool"] = .string(spool) }
    let body = text.output.isEmpty || text.output.hasSuffix("\n") ? text.output : text.output + "\n"
    let lines = notes.map { "[\($0)]" }.joined(separator: "\n")
    return ToolOutcome(body + lines, value: .object(value), isError: !succeeded)
  }

  private var notes: [String] {
    var notes = ["exit code \(exitCode), \(Self.seconds(end.duration))"]
    switch end.cause {
    case .timeout:
      notes[0] = "timed out after \(Self.seconds(timeout ?? end.duration)) and was ended; for long work use shell_tasks"
    case .stop: notes[0] = "cancelled after \(Self.seconds(end.duration))"
    case .itself:
      if case .signalled(let number) = end.end { notes[0] = "ended by signal \(number), \(Self.seconds(end.duration))" }
    }
    if text.bytes == 0 { notes.append("it printed nothing") }
    if let spool = text.spool, text.isTruncated {
      let part = text.kept < text.bytes ? ", of which the first \(text.kept) are kept" : ""
      notes.append(
        "\(text.bytes) bytes in \(text.lines) lines\(part): page through them with read_file and spool \"\(spool)\"")
    } else if text.isTruncated {
      notes.append("\(text.bytes) bytes in \(text.lines) lines; what is left out was not kept")
    }
    if !end.leftovers.isEmpty {
      notes.append(
        "background jobs were ended with it: \(NamedProcess.line(end.leftovers)); to keep one use shell_tasks")
    }
    if !end.survivors.isEmpty {
      notes.append("still running, in a session of their own: \(NamedProcess.line(end.survivors))")
    } else if !end.isOutputComplete {
      notes.append("the output may go on: somebody still holds the pipe")
    }
    return notes
  }

  private static func seconds(_ duration: Duration) -> String {
    let tenths = Int((duration / .milliseconds(100)).rounded())
    return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
  }
}
