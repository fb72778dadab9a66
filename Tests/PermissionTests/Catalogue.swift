import Core
import Permission

/// Tools as the gate sees them, small: what is gated in each.
enum Catalogue {
  static func tool(_ name: String) -> ToolDefinition? { all.first { $0.name == name } }

  static let all: [ToolDefinition] = [
    define(
      "execute_command", ["command": "string", "cwd": "string"],
      [.init("command", .command), .init("cwd", .path(.list))]),
    define("run_words", ["argv": "array"], [.init("argv", .words)]),
    define(
      "shell_tasks", ["action": "string", "command": "string", "id": "string"],
      [.init("action", .operation), .init("command", .command, operations: ["start"])]),
    define("read_file", ["path": "string"], [.init("path", .path(.read))], isReadOnly: true),
    define("write_file", ["path": "string", "content": "string"], [.init("path", .path(.write))]),
    define("edit_file", ["path": "string", "old_text": "string"], [.init("path", .path(.write))]),
    define("list_dir", ["path": "string"], [.init("path", .path(.list), fallback: ".")], isReadOnly: true),
    define(
      "glob", ["pattern": "string", "cwd": "string"],
      [.init("pattern", .path(.list)), .init("cwd", .path(.list), fallback: ".")]),
    define(
      "connect", ["operation": "string", "hostname": "string"],
      [.init("operation", .operation), .init("hostname", .host)]),
    define("ask_machine", ["hostname": "string", "prompt": "string"], [.init("hostname", .host)]),
    define("ask_machines", ["hostnames": "array", "prompt": "string"], [.init("hostnames", .host)]),
    define("files:write", ["path": "string", "note": "string"], [.init("note", .text)]),
    define("files:copy", ["path": "string"], []),
    define("todo_list", [:], []),
    define(
      "connect_session", ["operation": "string", "text": "string", "enter": "boolean"],
      [.init("operation", .operation), .init("text", .command, operations: ["send"])]),
  ].compactMap { $0 }

  private static func define(
    _ name: String, _ properties: [String: String], _ gated: [GatedArgument], isReadOnly: Bool = false
  ) -> ToolDefinition? {
    var members: [String: JSON] = [:]
    for (name, type) in properties { members[name] = ["type": .string(type)] }
    let input: JSON = [
      "type": "object", "properties": .object(members), "additionalProperties": .bool(name.contains(":")),
    ]
    return try? ToolDefinition(
      name, title: name, summary: name, input: input, output: ["type": "object"], traits: .init(isReadOnly: isReadOnly),
      gate: gated.isEmpty ? .nothing(why: "a list") : ToolDefinition.Gate(gated))
  }
}

extension ToolDefinition.Gate {
  init(_ arguments: [GatedArgument]) {
    // `judging` wants them one by one.
    switch arguments.count {
    case 1: self = .judging(arguments[0])
    case 2: self = .judging(arguments[0], arguments[1])
    default: self = .judging(arguments[0], arguments[1], arguments[2])
    }
  }
}

/// A gate with rules, to be asked.
struct Court {
  var home = "/home/anna"
  var directory = "/home/anna/work"
  var mode = PermissionMode.default
  var origin = Origin.remote
  var allow: [String] = []
  var ask: [String] = []
  var deny: [String] = []
  var session: [Rule] = []
  var roster: [RosterEntry]?
  var paths: any PathView = LexicalPaths()

  var place: Surroundings {
    Surroundings(
      home: home, user: "anna", cmdopHome: home + "/.cmdop", ownFiles: ["/opt/cmdop/policy.yaml"], roster: roster,
      paths: paths)
  }

  func policies() throws -> Policies {
    var rules: [Rule] = []
    for (texts, action) in [(allow, Verdict.allow), (ask, .ask), (deny, .deny)] {
      for text in texts {
        rules.append(
          try Rule(
            text.contains("(") || !text.contains(" ") && (!text.contains("*") || text.hasSuffix(":*"))
              ? text : "execute_command(\(text))", action
          ))
      }
    }
    return Policies(global: Policy(mode: mode, rules: rules), session: session)
  }

  func judge(_ tool: String, _ arguments: JSON) throws -> Judgement {
    guard let definition = Catalogue.tool(tool) else { throw CmdopError(.notFound, tool) }
    return Gate.judge(Act(definition, arguments, from: origin, in: directory), try policies(), place)
  }

  func run(_ command: String) throws -> Judgement { try judge("execute_command", ["command": .string(command)]) }
}
