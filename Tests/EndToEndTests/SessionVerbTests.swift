import Foundation
import Testing

@Suite("sessions as objects", .timeLimit(.minutes(20)), .showsLogs)
struct SessionVerbTests {
  @Test("create, show, rename, set, detach and destroy do what they say")
  func verbs() async throws {
    try await Street.run(["box", "far"]) { street in
      func session(_ words: String...) async throws -> Street.Outcome { try await street.client(["session"] + words) }
      let created = try await session("create", "far", "--name", "build", "--cwd", "/tmp", "--json")
      let id = try #require(created.json["session_id"] as? String, "\(created.stderr)")
      let twice = try await session("create", "far", "--name", "build")
      #expect(twice.status == 73)
      #expect(twice.stderr.contains("a session named \"build\" lives here already"))
      #expect(try await session("create", "far", "--", "no-such-program").status == 66)

      let user = try await street.connect(["far", "--session", "build"])
      try await user.sh("pwd; echo id=$CMDOP_SESSION_ID", "MARK1")
      #expect(user.text.contains("/tmp\r\nid="))
      #expect(user.text.contains("id=\(id)"))
      let shown = try await session("show", "build", "--json").json
      #expect((shown["session"] as? [String: Any])?["session_id"] as? String == id)
      #expect((shown["clients"] as? [[String: Any]])?.first?["subject"] as? String == "admin")
      #expect(shown["directory"] as? String == "/tmp")
      for word in ["Command", "Directory", "Client", "Recording"] {
        #expect(try await session("show", String(id.prefix(8))).text.contains(word))
      }

      #expect(try await session("rename", "build", "works").text.contains("works"))
      #expect(try await session("rename", "works", "no good name").status == 64)
      #expect(try await session("show", "build").status == 66)
      #expect(try await session("set", "works", "--idle", "5s").status == 64)
      #expect(try await session("set", "works", "--idle", "2d", "--grace", "5m").status == 0)
      let set = try await session("show", "works").text
      #expect(set.contains("2d") && set.contains("5m"), "\(set)")
      #expect(try await session("detach", "works").status == 0)
      #expect(try await user.exitStatus() == 0)
      #expect(user.text.contains("detached by admin"))
      #expect(try await session("destroy", "works").status == 0)
      try await eventually("it is over") { try await street.states().isEmpty }
      #expect(try await street.states(["--all"]) == ["DISCONNECTED"])
    }
  }

  @Test("what was saved can be replayed and restored, as cast and as text")
  func saved() async throws {
    try await Street.run(["box", "far"]) { street in
      let user = try await street.connect(["far"])
      try await user.sh("cd /tmp; echo über-alles-in-\\\"quotes\\\"", "MARK1")
      let file = street.root + "/saved.cast"
      let saved = try await street.client(["session", "save", "term-1", "--to", file])
      #expect(saved.status == 0, "\(saved.stderr)")
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
      let head = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any]
      #expect(head?["version"] as? Int == 2)
      for line in lines.dropFirst() {
        #expect((try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])?.count == 3)
      }
      let twice = try await street.client(["session", "save", "term-1", "--to", file])
      #expect(twice.status == 73 && twice.stderr.contains("--force"), "\(twice.stderr)")
      #expect(try await street.client(["session", "save", "term-1", "--to", file, "--force"]).status == 0)
      #expect(try await street.client(["session", "save", "term-1", "--to", street.root]).status == 64)
      let played = try await street.client(["session", "replay", file])
      #expect(played.text.contains("über-alles-in-\"quotes\""))
      #expect(try await street.client(["session", "replay", "term-1"]).text.contains("über-alles"))
      let text = try await street.client(["session", "save", "term-1", "--text", "--to", "-"]).text
      #expect(text.contains("über-alles-in-\"quotes\""))
      #expect(!text.contains("\u{1b}"))

      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
      let restored = try await street.client(["session", "restore", "far", "--from", file, "--json"])
      #expect(restored.json["name"] as? String == "term-1", "\(restored.stderr)")
      let again = try await street.connect(["far", "--session", "term-1"])
      try await again.sees("über-alles-in-\"quotes\"")
      try await again.sees("restored")
      try await again.sh("pwd", "MARK2")
      #expect(again.text.contains("/tmp\r\nMARK2"))

      try Data("{\"version\": 2, \"width\": 80, \"height\": 24}\n[1, \"o\"]\n".utf8).write(to: URL(filePath: file))
      let broken = try await street.client(["session", "replay", file])
      #expect(broken.status == 64)
      #expect(broken.stderr.contains("\(file) is no asciicast v2 file: line 2"))
    }
  }

  @Test("a recording holds everything with its timing; settings of the fleet hold at once")
  func recording() async throws {
    try await Street.run(["box", "far"]) { street in
      #expect(try await street.client(["fleet", "settings", "--record", "--idle", "10d"]).status == 0)
      let settings = try await street.client(["fleet", "settings", "--json"]).json
      #expect(settings["record"] as? Bool == true)
      #expect(settings["idle_seconds"] as? Int == 864_000)
      #expect(try await street.client(["fleet", "settings", "--grace", "1s"]).status == 64)
      let user = try await street.connect(["far"])
      try await user.sh("seq 1 50000", "MARK1")
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
      try await eventually("it is over") { try await street.states().isEmpty }
      let cast = try await street.client(["session", "replay", "term-1"]).text
      #expect(cast.contains("1\r\n2\r\n3\r\n4\r\n"))
      #expect(cast.contains("49999\r\n50000\r\n"))
    }
  }
}
