import Core
import Testing

@testable import MCP

@Suite("Tools of others are offered as far as they can be, and said to be theirs")
struct OfferedToolTests {
  @Test("Names are made to fit, kept apart, and the server's own name is kept for it")
  func names() throws {
    var taken: Set<String> = []
    func name(_ wire: String) -> String { ToolName.of(wire, server: "git", taken: &taken) }
    #expect(name("create_issue") == "git:create_issue")
    #expect(name("create-Issue") == "git:create-issue")
    #expect(name("Create_Issue") == "git:create_issue_2")
    #expect(name("日本") == "git:tool" && name("__x__") == "git:x")
    let long = name(String(repeating: "a", count: 300))
    let longer = name(String(repeating: "a", count: 301))
    #expect(long != longer && longer.hasSuffix("a_2"))
    // Towards models the colon has two characters.
    #expect(long.utf8.count == 63 && longer.utf8.count == 63)
    #expect(throws: CmdopError.self) { try ServerName.of("!!!") }
    #expect(try ServerName.of("__Brave  Search__") == "brave_search")
    #expect(try ServerName.of(String(repeating: "ab_", count: 30)).utf8.count <= 32)
  }

  @Test("Schemas that no service would take are left out with a reason; what is only odd is mended")
  func schemas() async throws {
    let report = await ServerReport.make(try ServerSettings("one", ServerBench.play("bad")), try ServerBench.means())
    #expect(report.fault == nil)
    let reasons = Dictionary(report.leftOut.map { ($0.name, $0.reason) }) { first, _ in first }
    #expect(Set(reasons.keys) == ["noschema", "list", "huge", "far", "deep", "names", "echo", ""], "\(reasons)")
    #expect(reasons["far"]?.contains("nothing is fetched") == true)
    let rules = Set(report.tools.map(\.rule))
    #expect(rules.isSuperset(of: ["one:say_hello", "one:say_hello_2", "one:odd", "one:echo"]))
    #expect(report.tools.allSatisfy { $0.rule.utf8.count < 64 })
    var taken: Set<String> = []
    let one = try ServerSettings("one", ServerBench.play())
    let listed = try ListedTool(
      [
        "name": "odd", "description": .string(String(repeating: "y", count: 5000)),
        "inputSchema": [
          "type": "object", "anyOf": [["required": ["a"]]], "required": ["a", "a"], "$schema": "http://x",
          "properties": ["a": ["type": "number", "exclusiveMinimum": true, "items": [[:]]]],
        ],
      ], server: one)
    let odd = try OfferedTool(listed, server: one, taken: &taken)
    #expect(odd.definition.input.json == ["type": "object", "properties": ["a": ["type": "number"]]])
    #expect(odd.definition.summary.count < 2200)
  }

  @Test("What a server says of its tools counts only where its owner has said so")
  func trust() throws {
    let json: JSON = ["name": "look", "inputSchema": ["type": "object"], "annotations": ["readOnlyHint": true]]
    let believed = try ListedTool(
      json, server: ServerSettings("one", ServerBench.play(), trustsAnnotations: true))
    #expect(believed.traits.isReadOnly && !believed.traits.isDestructive)
  }

  @Test("Arguments that a server wants as HTTP headers are marked well, or the tool is left out")
  func headers() throws {
    let schema: JSON = [
      "properties": [
        "region": ["type": "string", "x-mcp-header": "Region"],
        "deep": ["type": "object", "properties": ["n": ["type": "integer", "x-mcp-header": "N"]]],
      ]
    ]
    let filled = try ParameterHeaders(of: schema).filled(["region": "ä", "deep": ["n": 4]])
    #expect(filled.map(\.name) == ["mcp-param-n", "mcp-param-region"])
    #expect(filled.map(\.value) == ["4", "=?base64?w6Q=?="])
    for wrong: JSON in ["a b", "a\r\nx", 3, ""] {
      #expect(throws: Unusable.self) {
        try ParameterHeaders(of: ["properties": ["a": ["type": "string", "x-mcp-header": wrong]]])
      }
    }
  }

  @Test("Cutting leaves the beginning and the end, and no half characters")
  func cut() {
    for count in 90...110 {
      let text = "begin" + String(repeating: "ä日😀", count: count) + "end"
      let cut = HeadAndTail.of(text, most: 200)
      #expect(cut.hasPrefix("begin") && cut.hasSuffix("end") && !cut.contains("\u{fffd}"))
    }
    #expect(HeadAndTail.of("short", most: 200) == "short")
  }
}
