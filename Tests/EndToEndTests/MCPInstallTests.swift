import Foundation
import Testing

@Suite("cmdop mcp install, uninstall and tools", .timeLimit(.minutes(10)), .showsLogs)
struct MCPInstallTests {
  /// A user's home and a project in it, as clients find them.
  struct Desk {
    let street: Street
    var user: String { street.home("user") }
    var project: String { user + "/project" }

    init(_ street: Street) throws {
      self.street = street
      try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: true)
    }

    /// cmdop's own home is not this account's here, so that the entry names it.
    func run(_ words: String..., more: [String: String] = [:]) async throws -> Street.Outcome {
      let places = ["HOME": user, "PWD": project, "XDG_CONFIG_HOME": user + "/.config"]
      return try await street.cmdop(["mcp"] + words, home: user + "/.cmdop", more: places.merging(more) { $1 })
    }

    func read(_ file: String) throws -> String { try String(contentsOfFile: user + "/" + file, encoding: .utf8) }
    func write(_ text: String, _ file: String) throws {
      let path = user + "/" + file
      let folder = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(filePath: path))
    }
    func mode(_ file: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: user + "/" + file)[.posixPermissions] as? Int
    }
    func names(_ folder: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: user + "/" + folder).sorted()
    }
  }

  @Test(
    "Each client finds us where it looks, in its own form; a second time nothing is written",
    arguments: [
      ("cursor", false, ".cursor/mcp.json"), ("cursor", true, "project/.cursor/mcp.json"),
      ("claude-desktop", false, ".config/Claude/claude_desktop_config.json"),
      ("claude-code", false, ".claude.json"), ("claude-code", true, "project/.mcp.json"),
      ("vscode", false, ".config/Code/User/mcp.json"), ("vscode", true, "project/.vscode/mcp.json"),
    ])
  func places(_ client: String, _ inProject: Bool, _ linuxFile: String) async throws {
    try await Street.run([]) { street in
      let desk = try Desk(street)
      var file = linuxFile
      #if os(macOS)
        file = file.replacing(".config/", with: "Library/Application Support/")
      #endif
      func install() async throws -> Street.Outcome {
        inProject
          ? try await desk.run("install", "--client", client, "--project", "--json")
          : try await desk.run("install", "--client", client, "--json")
      }
      let first = try await install()
      #expect(first.status == 0 && first.json["action"] as? String == "added", "\(first.text)\(first.stderr)")
      #expect(first.json["file"] as? String == desk.user + "/" + file)
      let text = try desk.read(file)
      let document = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: [String: [String: Any]]]
      let entry = document?[client == "vscode" ? "servers" : "mcpServers"]?["cmdop"] ?? [:]
      let program = try #require(entry["command"] as? String)
      #expect(program.hasPrefix("/") && FileManager.default.isExecutableFile(atPath: program))
      #expect(entry["args"] as? [String] == ["mcp", "stdio", "--home", desk.user + "/.cmdop"])
      #expect(entry["type"] as? String == (["vscode", "claude-code"].contains(client) ? "stdio" : nil))
      let again = try await install()
      #expect(again.status == 0 && again.json["action"] as? String == "unchanged")
      #expect(try desk.read(file) == text)
      #expect(try desk.names((file as NSString).deletingLastPathComponent).filter { $0.contains(".bak") } == [])
    }
  }

  @Test("What is there stays: comments, order, form, mode, and the link that leads to it")
  func care() async throws {
    try await Street.run([]) { street in
      let desk = try Desk(street)
      let own = """
        {
        \t// mine
        \t"servers": {
        \t\t"other": {"command": "x", "env": {"KEY": "secret"}}, // keep
        \t},
        \t"inputs": [1.0, 2e3, ],
        }

        """
      try desk.write(own, "dotfiles/vs.json")
      chmod(desk.user + "/dotfiles/vs.json", 0o640)
      try FileManager.default.createDirectory(atPath: desk.project + "/.vscode", withIntermediateDirectories: true)
      let link = desk.project + "/.vscode/mcp.json"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "../../dotfiles/vs.json")
      let outcome = try await desk.run("install", "--client", "vscode", "--project")
      #expect(outcome.status == 0 && outcome.text.contains("now in VS Code"), "\(outcome.stderr)")
      let new = try desk.read("dotfiles/vs.json")
      let ends = new.components(separatedBy: "\n\t\t\"cmdop\": {")
      try #require(ends.count == 2, "\(new)")
      let rest = try #require(ends[1].range(of: "\n\t\t},\n"))
      #expect(ends[0] + "\n" + ends[1][rest.upperBound...] == own)
      #expect(try desk.mode("dotfiles/vs.json") == 0o640)
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "../../dotfiles/vs.json")
      let backup = try #require(try desk.names("dotfiles").first { $0.hasPrefix("vs.json.bak-") })
      #expect(try desk.read("dotfiles/" + backup) == own)
      #expect(try desk.mode("dotfiles/" + backup) == 0o600)
      let back = try await desk.run("uninstall", "--client", "vscode", "--project")
      #expect(back.status == 0 && back.text.hasPrefix("removed"), "\(back.stderr)")
      #expect(try desk.read("dotfiles/vs.json") == own)
      let gone = try await desk.run("uninstall", "--client", "vscode", "--project")
      #expect(gone.status == 0 && gone.text.hasPrefix("not there"))
    }
  }

  @Test("Another entry of our name is replaced only when that is said; its owner's members stay")
  func another() async throws {
    try await Street.run([]) { street in
      let desk = try Desk(street)
      let own =
        #"{"z": 1, "mcpServers": {"cmdop": {"command": "/old/cmdop", "args": [], "env": {"K": "secret"}}}, "a": 2}"#
      try desk.write(own, ".cursor/mcp.json")
      let refused = try await desk.run("install", "--client", "cursor")
      #expect(refused.status == 73 && refused.stderr.contains("its command is \"/old/cmdop\""), "\(refused.stderr)")
      #expect(refused.stderr.contains("try: cmdop mcp install --client cursor --force"))
      #expect(!refused.stderr.contains("secret"))
      #expect(try await desk.run("uninstall", "--client", "cursor").status == 65)
      #expect(try desk.read(".cursor/mcp.json") == own)
      let named = try await desk.run("install", "--client", "cursor", "--name", "box", "--json")
      #expect(named.json["action"] as? String == "added")
      let forced = try await desk.run("install", "--client", "cursor", "--force", "--json")
      #expect(forced.json["action"] as? String == "replaced", "\(forced.stderr)")
      let new = try desk.read(".cursor/mcp.json")
      #expect(new.contains(#""env": {"K": "secret"}}, "box": {"#) && new.hasPrefix(#"{"z": 1, "#), "\(new)")
      #expect(!new.contains("/old/"))
      #expect(try await desk.run("uninstall", "--client", "cursor", "--name", "b c").status == 64)
    }
  }

  @Test("A file that is broken, or not as its client reads it, is left alone, and the place is named")
  func broken() async throws {
    try await Street.run([]) { street in
      let desk = try Desk(street)
      let cases = [
        (
          "cursor", ".cursor/mcp.json", "{\n  \"a\": 1\n  \"b\": 2\n}", "a comma is missing (line 3, column 3)",
          Int32(65)
        ),
        ("cursor", ".cursor/mcp.json", "[]", "the document is no object", 65),
        ("cursor", ".cursor/mcp.json", "{\"mcpServers\": []}", "\"mcpServers\" is no object (line 1, column 16)", 65),
        ("claude-code", ".claude.json", "{\"a\": 1,\n}", "a trailing comma (line 1, column 8)", 65),
      ]
      for (client, file, text, message, status) in cases {
        try desk.write(text, file)
        let outcome = try await desk.run("install", "--client", client)
        #expect(outcome.status == status && outcome.stderr.contains(message), "\(outcome.status) \(outcome.stderr)")
        #expect(outcome.stderr.contains("try: cmdop mcp install --client \(client) --print"))
        #expect(try desk.read(file) == text)
      }
      #expect(try desk.names(".cursor") == ["mcp.json"])
      try desk.write("{", "project/.cursor/mcp.json")
      for (verb, rest) in [("install", "--print"), ("uninstall", "")] {
        let outcome = try await desk.run(verb, "--client", "cursor", "--project")
        #expect(outcome.status == 65 && outcome.stderr.contains("project/.cursor/mcp.json cannot be read as JSON"))
        #expect(
          outcome.stderr.contains("try: cmdop mcp \(verb) --client cursor --project \(rest)"), "\(outcome.stderr)")
        let none = try await desk.run(verb, "--client", "claude-desktop", "--project")
        #expect(none.status == 64 && none.stderr.contains("try: cmdop mcp \(verb) --client claude-desktop\n"))
      }
      try desk.write("", "file")
      let printed = try await desk.run(
        "install", "--client", "vscode", "--print", more: ["XDG_CONFIG_HOME": desk.user + "/file"])
      #expect(printed.status == 0 && (printed.json["servers"] as? [String: Any])?["cmdop"] != nil, "\(printed.stderr)")
      #if !os(macOS)
        let blocked = try await desk.run(
          "install", "--client", "vscode", more: ["XDG_CONFIG_HOME": desk.user + "/file"])
        #expect(blocked.status != 0 && blocked.stderr.contains("error: ") && blocked.stderr.contains("try: "))
      #endif
    }
  }

  @Test("tools lists what clients see, with hints")
  func tools() async throws {
    try await Street.run([]) { street in
      let desk = try Desk(street)
      let tools = try await desk.run("tools", "--json").list
      let read = try #require(tools.first { $0["name"] as? String == "read_file" })
      #expect((read["annotations"] as? [String: Any])?["readOnlyHint"] as? Bool == true)
      #expect(tools.allSatisfy { ($0["title"] as? String)?.isEmpty == false && $0["description"] != nil })
      #expect(try await desk.run("tools").text.contains("execute_command"))
    }
  }
}
