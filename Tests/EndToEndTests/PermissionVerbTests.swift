import Foundation
import Testing

@Suite("cmdop permissions", .timeLimit(.minutes(20)), .showsLogs)
struct PermissionVerbTests {
  @Test("explain answers each case with its id, a bad one too, and runs nothing")
  func batch() async throws {
    try await Street.run([]) { street in
      let home = street.home("gate")
      let mark = home + "/mark"
      let cases = [
        #"{"id":1,"tool":"execute_command","args":{"command":"git log | head"},"rules":{"global":{"allow":["execute_command(git *)","execute_command(head *)"]}},"cwd":"/home/u","home":"/home/u"}"#,
        #"{"id":"two","tool":"execute_command","args":{"command":"git log; touch \#(mark)"},"mode":"strict","rules":{"global":{"allow":["execute_command(git *)"]}}}"#,
        #"{"id":3,"tool":"execute_command","args":{"command":"rm -rf /"},"mode":"bypass"}"#,
        #"{"id":4,"tool":"read_file","args":{"path":"~/.ssh/id_rsa"},"mode":"bypass","home":"/home/u","caller":"mcp"}"#,
        "this is no JSON", #"{"id":6,"tool":"no_such_tool"}"#,
        #"{"id":7,"tool":"execute_command","args":{"command":1}}"#,
        #"{"id":8,"tool":"execute_command","args":{"command":"ls"},"rules":{"global":{"deny":["!ls"]}}}"#, "[]",
        #"{"id":10}"#,
        #"{"id":11,"tool":"ask_machine","args":{"hostname":"web","prompt":"x"},"rules":{"session":{"allow":["ask_machine(prod-*)"]}},"roster":[{"id":"a","hostname":"prod-1","name":"Web"}]}"#,
      ]
      let input = Data((cases.joined(separator: "\n") + "\n").utf8)
      let outcome = try await Running(
        street.binary, ["permissions", "explain", "--batch"], street.environment(home), input: .bytes(input)
      ).outcome(limit: 60)
      #expect(outcome.status == 0, "\(outcome.stderr)")
      let verdicts = try outcome.text.split(separator: "\n").map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
      }
      #expect(verdicts.count == cases.count)
      let said = verdicts.map { "\($0["verdict"] ?? "") \($0["layer"] ?? "")" }
      #expect(
        said == [
          "allow rule", "deny mode", "deny floor", "deny floor", "deny schema", "deny schema", "deny schema",
          "deny schema", "deny schema",
          "deny schema", "allow rule",
        ])
      #expect(verdicts[1]["id"] as? String == "two" && verdicts[9]["error"] != nil)
      #expect(verdicts[1]["commands"] as? [String] == ["git log", "touch \(mark)"])
      #expect(!FileManager.default.fileExists(atPath: mark))
    }
  }

  @Test("rules are written, listed, explained and revoked; a broken file is refused with its line")
  func rules() async throws {
    try await Street.run([]) { street in
      let home = street.home("rules")
      func run(_ words: String...) async throws -> Street.Outcome {
        try await street.cmdop(["permissions"] + words, home: home)
      }
      #expect(try await run("allow", "execute_command(git *)", "--match", "git status").status == 0)
      #expect(try await run("allow", "execute_command(git *)", "--match", "gita").status == 64)
      #expect(try await run("deny", "!x").status == 64)
      let list = try await run("list", "--json")
      #expect(list.text.contains("execute_command(git *)") && list.text.contains("floor"))
      #expect(try await run("mode", "strict").text == "strict\n")
      #expect(try await run("mode", "open").status == 64)
      #expect(try await run("revoke", "execute_command(git *)").status == 0)
      #expect(try await run("revoke", "execute_command(git *)").status == 66)
      #expect(try await run("audit", "--verify").status == 0)
      try Data("version: 1\nmode: open\n".utf8).write(to: URL(filePath: home + "/permissions.yaml"))
      let broken = try await run("list")
      #expect(broken.status == 0 && broken.stderr.contains("line 2"), "\(broken.stderr)")
      #expect(try await run("mode", "default").status == 64)
    }
  }
}
