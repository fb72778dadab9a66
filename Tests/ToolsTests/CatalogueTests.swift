import Core
import FoundationEssentials
import Synchronization
import Testing

@testable import Tools

@Suite("One definition per tool, read by everybody")
struct CatalogueTests {
  @Test("The catalogue without a machine is the one with a machine, in the same order, byte for byte")
  func same() async throws {
    let builtIn = try ToolCatalogue.builtIn()
    try await ToolBench.run { bench in
      #expect(bench.catalogue.definitions.map(\.name) == builtIn.map(\.name))
      #expect(bench.catalogue.definitions.map(\.input.json.text) == builtIn.map(\.input.json.text))
      #expect(bench.catalogue.definitions.map(\.gate) == builtIn.map(\.gate))
    }
    #expect(Set(builtIn.map(\.name)).count == builtIn.count)
  }

  @Test("Every argument that holds a path or a command is gated, and every schema is closed and explained")
  func gates() throws {
    let dangerous: Set<String> = ["path", "cwd", "command", "argv"]
    for definition in try ToolCatalogue.builtIn() {
      let properties = try #require(definition.input.json["properties"]?.object)
      let gated = Set(definition.gate.arguments.map(\.name))
      #expect(dangerous.intersection(properties.keys).isSubset(of: gated), "\(definition.name)")
      #expect(definition.input.json["additionalProperties"] == false, "\(definition.name)")
      #expect(definition.output.json["type"] == "object")
      #expect(definition.summary.count > 60 && !definition.title.isEmpty)
      #expect(gated.isEmpty == !definition.gate.whyNone.isEmpty)
    }
    let glob = try ToolCatalogue.builtIn().first { $0.name == "glob" }
    #expect(glob?.gate.arguments.map(\.name) == ["pattern", "cwd"])
    let tasks = try ToolCatalogue.builtIn().first { $0.name == "shell_tasks" }
    #expect(tasks?.gate.arguments.first { $0.name == "command" }?.operations == ["start"])
  }

  @Test("Only what changes nothing is said to be read-only")
  func traits() throws {
    let readOnly = try ToolCatalogue.builtIn().filter(\.traits.isReadOnly).map(\.name)
    #expect(Set(readOnly) == ["read_file", "list_dir", "glob", "grep"])
  }

  struct Foreign: Tool {
    let definition: ToolDefinition
    func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome { ToolOutcome("") }
    init(_ name: String) throws(CmdopError) {
      definition = try ToolDefinition(
        name, title: "x", summary: "x", input: [:], output: [:], traits: .init(), gate: .nothing(why: "a test"))
    }
  }

  @Test("Two tools that one could take for the other are refused; a name is found in both spellings")
  func names() throws {
    let catalogue = try ToolCatalogue(own: [], others: [Foreign("git:status"), Foreign("ask_machine")])
    #expect(catalogue["git__status"]?.definition.name == "git:status")
    #expect(catalogue["git:status"]?.definition.name == "git:status")
    #expect(catalogue["git_status"] == nil)
    #expect(throws: CmdopError.self) { try ToolCatalogue(own: [], others: [Foreign("a:b"), Foreign("a__b")]) }
    #expect(throws: CmdopError.self) { try ToolCatalogue(own: [], others: [Foreign("a"), Foreign("a")]) }
  }

  final class Shelf: ForeignTools {
    let tools = Mutex<[any Tool]>([])
    var current: [any Tool] { tools.withLock(\.self) }
  }

  @Test("Tools that come and go stand behind those that stay, and take no name of theirs")
  func foreign() throws {
    let shelf = Shelf()
    let catalogue = try ToolCatalogue(own: [], others: [Foreign("ask_machine"), Foreign("a__b")], foreign: shelf)
    #expect(catalogue.definitions.map(\.name) == ["ask_machine", "a__b"])
    shelf.tools.withLock { $0 = [try? Foreign("a:b"), try? Foreign("git:status")].compactMap { $0 } }
    #expect(catalogue.definitions.map(\.name) == ["ask_machine", "a__b", "git:status"])
    #expect(catalogue["git__status"]?.definition.name == "git:status")
    #expect(catalogue["a:b"]?.definition.name == "a__b")
    shelf.tools.withLock { $0 = [] }
    #expect(catalogue["git:status"] == nil)
  }

  @Test("docs/tools.md says what the definitions say")
  func papers() throws {
    let path = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let text = try String(contentsOfFile: "/\(path)/docs/tools.md", encoding: .utf8)
    let rows = try ToolCatalogue.builtIn().map(Self.row)
    for row in rows where !text.contains(row) { Issue.record("docs/tools.md lacks:\n\(row)") }
    let written = text.split(separator: "\n").filter { $0.hasPrefix("| `") }
    #expect(
      written.count == rows.count, "docs/tools.md has other rows than the catalogue:\n\(rows.joined(separator: "\n"))")
  }

  /// As docs/tools.md has it.
  static func row(_ definition: ToolDefinition) -> String {
    let required = Set(definition.input.json["required"]?.strings ?? [])
    let names = (definition.input.json["properties"]?.object ?? [:]).keys.sorted { a, b in
      (required.contains(a) ? 0 : 1, a) < (required.contains(b) ? 0 : 1, b)
    }
    let arguments = names.map { required.contains($0) ? "**\($0)**" : $0 }.joined(separator: ", ")
    let gated = definition.gate.arguments.map { argument -> String in
      let kind =
        switch argument.kind {
        case .operation: "operation"
        case .command: "command"
        case .words: "words"
        case .path(let access): "path, \(access.rawValue)"
        case .host: "machine"
        case .text: "text"
        }
      let when = argument.operations.isEmpty ? "" : " in \(argument.operations.sorted().joined(separator: ", "))"
      return "\(argument.name) (\(kind)\(when))"
    }
    let gate = gated.isEmpty ? "nothing: \(definition.gate.whyNone)" : gated.joined(separator: "; ")
    let traits = definition.traits.isReadOnly ? "reads" : definition.traits.isDestructive ? "changes" : "adds"
    return "| `\(definition.name)` | \(arguments) | \(gate) | \(traits) |"
  }
}
