import Foundation
import Testing

@Suite("a machine's PIN stands behind the relay", .showsLogs)
struct PINTests {
  @Test("set, asked for, and cleared, without a restart; it stands in no log")
  func life() async throws {
    try await Street.run(["box", "far"], logLevel: "trace") { street in
      let (far, file) = (street.home("far"), street.root + "/pin")
      let run = ["exec", "far", "--", "echo", "in"]
      let before = try await street.must(["connect", "password", "status", "--json"], home: far)
      #expect(before.json["set"] as? Bool == false)
      #expect(try await street.client(run).text == "in\n")

      try "tulip-77\n".write(toFile: file, atomically: true, encoding: .utf8)
      try await street.must(["connect", "password", "set", "--pin-file", file], home: far)
      let refused = try await street.client(run)
      #expect(refused.status == 255)
      #expect(refused.stderr.contains("wants its PIN"), "\(refused.stderr)")
      let mode = try FileManager.default.attributesOfItem(atPath: far + "/pin")[.posixPermissions] as? Int
      #expect(mode == 0o600)
      let text = try String(contentsOfFile: far + "/pin", encoding: .utf8)
      #expect(text.contains("$scrypt$ln=15") && !text.contains("tulip"))
      // Its own user is not asked.
      #expect(try await street.client(["exec", "localhost", "--", "echo", "in"], on: "far").text == "in\n")

      let status = try await street.must(["connect", "password", "status"], home: far)
      #expect(status.text.contains("a PIN is set since 20"))
      for log in [street.relayLog, far + "/logs/agent.log", street.home("box") + "/logs/agent.log"] {
        #expect(!Street.tail(log).contains("tulip"), "\(log)")
      }
      #expect(try await street.must(["connect", "password", "clear"], home: far).text.contains("no PIN any more"))
      #expect(try await street.client(run).text == "in\n")
    }
  }

  @Test("a PIN may come from standard input or a terminal, and with the join key; one that is too short is refused")
  func ways() async throws {
    try await Street.run([], waits: true) { street in
      let home = street.home("box")
      let piped = try Running(
        street.binary, ["connect", "password", "set", "-q", "--json"], street.environment(home),
        input: .bytes(Data("4711\n".utf8)))
      #expect(try await piped.outcome().json["set"] as? Bool == true)
      let short = try Running(
        street.binary, ["connect", "password", "set", "-q"], street.environment(home), input: .bytes(Data("471\n".utf8))
      )
      #expect(try await short.outcome().status == 64)
      #expect(try await street.cmdop(["connect", "password", "set"], home: home).status == 64)

      let person = try Keyboard(street.binary, ["connect", "password", "set"], street.environment(home))
      try await person.sees("New PIN")
      person.type("secret-1x\u{7f}\r")
      try await person.sees("Once more")
      person.type("secret-1\r")
      #expect(try await person.exitStatus() == 0)
      #expect(!person.text.contains("secret"))
      let wavering = try Keyboard(street.binary, ["connect", "password", "set"], street.environment(home))
      try await wavering.sees("New PIN")
      wavering.type("\u{3}")
      #expect(try await wavering.exitStatus() == 130)

      let late = street.home("late")
      let key = try await street.joinKey()
      #expect(try await street.cmdop(["join", key, "--pin", "1"], home: late).status == 64)
      #expect(!FileManager.default.fileExists(atPath: late + "/enrollment.json"))
      try await street.must(["join", key, "--name", "late", "--pin", "4711"], home: late)
      #expect(
        try await street.must(["connect", "password", "status", "--json"], home: late).json["set"] as? Bool == true)
    }
  }

  @Test("a PIN that was right is not asked for again, by whatever name the machine is called")
  func notAgain() async throws {
    try await Street.run(["box", "far"]) { street in
      try street.keep("tulip-77", as: "pin")
      try await street.must(
        ["connect", "password", "set", "--pin-file", street.root + "/pin"], home: street.home("far"))
      // "far" is what people call it; its hostname is another one.
      let user = try await street.connect(["far"])
      try await user.sees("PIN of far")
      user.type("tulip-77\r")
      // What is typed while the answer is on its way is not the shell's.
      try await user.sees("@")
      try await user.sh("true", "inside")
      let list = try await street.client(["connect", "password", "list", "--json"])
      #expect(list.list.map { $0["machine_id"] as? String } == [try street.machineID("far")])
      for name in ["far", try await street.name("far")] {
        #expect(try await street.client(["exec", name, "--", "echo", "in"]).text == "in\n")
      }
      user.type("exit\r")
      #expect(try await user.exitStatus() == 0)
    }
  }

  @Test("the PINs that a client remembers are listed without being shown, and forgotten one by one")
  func remembered() async throws {
    try await Street.run([], waits: true) { street in
      let home = street.home("laptop")
      try FileManager.default.createDirectory(
        atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let later = Int(Date.now.timeIntervalSince1970 * 1000) + 600_000
      let file = home + "/credentials.json"
      try
        #"{"current":"x","n":[1,2.5,null,true],"pins_cached":{"a1":{"pin":"tulip","until_ms":\#(later)},"b2":{"pin":"tulip","until_ms":5}}}"#
        .write(toFile: file, atomically: true, encoding: .utf8)
      let list = try await street.must(["connect", "password", "list", "--json"], home: home)
      #expect(list.list.map { $0["machine_id"] as? String } == ["a1"])
      #expect(!list.text.contains("tulip"))
      try await street.must(["connect", "password", "clear", "a1"], home: home)
      #expect(try await street.cmdop(["connect", "password", "clear", "a1"], home: home).status == 66)
      let left = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file))) as? [String: Any]
      #expect((left?["pins_cached"] as? [String: Any])?.keys.sorted() == ["b2"])
      #expect(left?["current"] as? String == "x")
      #expect((left?["n"] as? [Any])?.count == 4)
    }
  }
}
