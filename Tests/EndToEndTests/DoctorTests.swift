import Foundation
import Testing

@Suite("cmdop doctor", .timeLimit(.minutes(10)), .showsLogs)
struct DoctorTests {
  /// One finding for each thing; the worst where there are several.
  private func verdicts(_ outcome: Street.Outcome) -> [String: String] {
    let findings = outcome.json["findings"] as? [[String: String]] ?? []
    let pairs = findings.map { ($0["check"] ?? "", $0["verdict"] ?? "") }
    let order = ["ok", "warn", "fail"]
    return Dictionary(pairs) { one, other in
      (order.firstIndex(of: one) ?? 0) > (order.firstIndex(of: other) ?? 0) ? one : other
    }
  }

  @Test("Finds nothing wrong on a machine that works, and changes nothing on one that has nothing yet")
  func healthy() async throws {
    try await Street.run { street in
      let user = street.home("user")
      try FileManager.default.createDirectory(atPath: user, withIntermediateDirectories: true)
      let more = ["HOME": user, "XDG_CONFIG_HOME": user + "/.config", "PWD": user]
      func doctor(_ words: String...) async throws -> Street.Outcome {
        let token = ["CMDOP_TOKEN": try await street.token()]
        return try await street.cmdop(
          ["doctor"] + words, home: street.home("box"), more: more.merging(token) { $1 })
      }
      try await street.must(["permissions", "allow", "list_dir"], home: street.home("box"))
      let outcome = try await doctor("--json")
      #expect(outcome.status == 0, "\(outcome.text)\(outcome.stderr)")
      let found = verdicts(outcome)
      for check in ["program", "home", "daemon", "fleet", "sign-in", "permissions", "mcp"] {
        #expect(found[check] == "ok", "\(check): \(outcome.text)")
      }
      #expect(found["files"] == nil && found["agent"] != "fail", "\(outcome.text)")
      #expect(try await doctor().text.contains("ok    daemon: "))
      let fresh = try await street.cmdop(["doctor", "--json"], home: street.home("fresh"), more: more)
      #expect(fresh.status == 0 && verdicts(fresh)["home"] == "warn", "\(fresh.text)")
      #expect(!FileManager.default.fileExists(atPath: street.home("fresh")))
    }
  }

  @Test("Everything that is wrong is said with a way out, and no secret with it")
  func ill() async throws {
    try await Street.run { street in
      let (home, user) = (street.home("box"), street.home("user"))
      func write(_ text: String, _ path: String, mode: Int = 0o600) throws {
        let folder = (path as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path))
        chmod(path, mode_t(mode))
      }
      try await street.must(["agent", "stop"], home: home)
      try write("ANTHROPIC_API_KEY=sk-secret-1\nCMDOP_MODEL=claude-opus-5-5\n", home + "/agent.env", mode: 0o644)
      try write("version: 1\nmode: open\n", home + "/permissions.yaml")
      try write("{\"mcpServers\": {\"x\": {\"env\": {\"K\": \"sk-secret-2\"}}", home + "/mcp.json")
      let gone = #"{"command": "/gone/cmdop", "args": ["mcp", "stdio"], "env": {"K": "sk-secret-3"}}"#
      let bare = #"{"command": "cmdop", "args": ["mcp", "stdio"]}"#
      try write("{\"mcpServers\": {\"cmdop\": \(gone), \"box\": \(bare)}}", user + "/.cursor/mcp.json")
      chmod(home, 0o755)
      defer { chmod(home, 0o700) }
      let outcome = try await street.cmdop(
        ["doctor", "--json"], home: home,
        more: ["HOME": user, "XDG_CONFIG_HOME": user + "/.config", "PWD": user, "CMDOP_TOKEN": "cmdop_secret-4"])
      #expect(outcome.status == 1)
      let found = verdicts(outcome)
      for check in ["home", "files", "daemon", "sign-in", "permissions", "agent", "mcp", "mcp servers"] {
        #expect(found[check] == "fail", "\(check): \(outcome.text)")
      }
      #expect(found["program"] == "ok")
      let findings = outcome.json["findings"] as? [[String: String]] ?? []
      #expect(findings.allSatisfy { $0["verdict"] == "ok" || $0["hint"]?.isEmpty == false }, "\(outcome.text)")
      for words in [
        "/gone/cmdop, which is not there", "not an absolute path", "chmod 700", "line 2", "cmdop agent start",
        "cmdop mcp install --client cursor --force --name box",
      ] {
        #expect(outcome.text.contains(words), "\(words): \(outcome.text)")
      }
      #expect(!outcome.text.contains("secret") && !outcome.stderr.contains("secret"), "\(outcome.text)")
    }
  }
}
