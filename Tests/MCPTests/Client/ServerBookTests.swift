import Core
import Testing

@testable import MCP

@Suite("mcp.json is read as others write it, and nothing in it is lost or shown")
struct ServerBookTests {
  private static let file = """
    {
      "mcpServers": {
        "GitHub": {"command": "npx", "args": ["-y", "server", "--key=sk-secret-1"],
                   "env": {"GITHUB_TOKEN": "${env:TOKEN}"}, "icon": "x"},
        "far": {"url": "https://me:pw@mcp.example.org/mcp?key=sk-secret-2", "headers": {"Authorization": "Bearer ${env:TOKEN}"},
                "timeout_ms": 1000, "trust_annotations": true, "disabled": true},
        "git hub": {"command": "x"},
        "none": {}, "both": {"command": "x", "url": "https://x"}, "late": {"command": "x", "timeout_ms": 700000},
        "日本": {"command": "x"}
      },
      "inputs": [1]
    }
    """

  @Test("Good ones are used, bad ones are named, and what is not understood stays")
  func read() throws {
    var book = try ServerBook(parsing: Array(Self.file.utf8))
    #expect(book.settings.map(\.name) == ["far", "git_hub", "github"])
    let bad = book.entries.compactMap { if case .bad(_, let error) = $0 { error.message } else { nil } }
    #expect(bad.count == 4 && bad.contains { $0.contains("600000") } && bad.contains { $0.contains("no name") })
    let far = try #require(book.settings.first { $0.name == "far" })
    #expect(far.timeout == .seconds(1) && far.trustsAnnotations && far.isDisabled)
    #expect(far.place == "https://mcp.example.org/mcp")
    #expect(book.settings.last?.place == "npx and 3 more words")
    try book.add(try ServerSettings("new", .program(words: ["a", "b"], environment: ["C": "d"], directory: nil)))
    #expect(throws: CmdopError.self) { try book.add(ServerSettings("GITHUB", .http(url: "https://x", headers: [:]))) }
    #expect(try book.remove("far") == "far")
    let again = try ServerBook(parsing: book.json.bytes)
    #expect(again == book && again.json["inputs"] == [1] && again.json["mcpServers"]?["GitHub"]?["icon"] == "x")
    #expect(again.json["mcpServers"]?["new"] == ["command": "a", "args": ["b"], "env": ["C": "d"]])
    #expect(again.json["mcpServers"]?["none"] == [:] && again.json["mcpServers"]?["far"] == nil)
    #expect(throws: CmdopError.self) { try book.remove("far") }
  }

  @Test("What is broken is said with its line")
  func broken() {
    let error = #expect(throws: CmdopError.self) {
      try ServerBook(parsing: Array("{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\",}\n  }\n}".utf8))
    }
    #expect(error?.message.contains("line 3") == true, "\(error?.message ?? "")")
    #expect(throws: CmdopError.self) { try ServerBook(parsing: Array("[]".utf8)) }
    #expect(throws: CmdopError.self) { try ServerBook(parsing: Array("{\"mcpServers\": []}".utf8)) }
    #expect(throws: Never.self) { try ServerBook(parsing: [0x20, 0x0a]) }
  }

  @Test("Variables are put in place when a server starts, and its words about them are concealed")
  func secrets() throws {
    let far = try #require(try ServerBook(parsing: Array(Self.file.utf8)).settings.first { $0.name == "far" })
    let (expanded, conceal) = try far.expanded { $0 == "TOKEN" ? "tok-12345678" : nil }
    guard case .http(_, let headers) = expanded.way else { throw StillNotSo(description: "no address") }
    #expect(headers == ["Authorization": "Bearer tok-12345678"])
    #expect(conceal.text("bad token tok-12345678!") == "bad token …!")
    let error = #expect(throws: CmdopError.self) { try far.expanded { _ in nil } }
    #expect(error?.code == .notFound && error?.hint?.contains("TOKEN=…") == true)
  }

  @Test("A server that repeats its secret in its last words is not quoted with it")
  func concealed() async throws {
    let way = ServerBench.play(["dies=0"], environment: ["MY_TOKEN": "ended"])
    var settings = try ServerSettings("one", way)
    settings.way = ServerBench.play(["dies=0"], environment: ["MY_TOKEN": "the licence has ended"])
    let report = await ServerReport.make(settings, try ServerBench.means())
    #expect(report.lastWords.contains("cannot start: …"), "\(report.lastWords)")
    #expect(report.fault?.message.contains("licence") == false)
  }
}
