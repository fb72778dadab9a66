import Foundation
import Testing

@Suite("whoever comes over the relay is asked for the PIN", .timeLimit(.minutes(20)), .showsLogs)
struct PINGateTests {
  @Test("operators and guests are refused without it and let in with it; once right it is remembered")
  func gate() async throws {
    try await Street.run { street in
      try await street.createWork()
      let link = try await street.share(["--session", "work"])
      try await street.member("mona", "member")
      try await street.setPIN("tulip-77")
      for words in [
        ["exec", "box", "--", "true"], ["session", "create", "box"], ["session", "rename", "work", "other"],
        ["session", "set", "work", "--idle", "3d"], ["session", "detach", "work"],
        ["session", "save", "work", "--to", "-"],
        ["session", "destroy", "work"],
      ] {
        let outcome = try await street.by("mona", words)
        #expect(outcome.status == (words[0] == "exec" ? 255 : 77), "\(words): \(outcome.status)")
        #expect(
          outcome.stderr.contains("wants its PIN") && outcome.stderr.contains("\ntry: "), "\(words): \(outcome.stderr)")
      }
      #expect(try await street.states() == ["CONNECTED"])
      for (who, words) in [("mona", ["box"]), ("guest", [link])] {
        let refused = try Running(street.binary, ["connect", "-q"] + words, street.environment(street.home(who)))
        let outcome = try await refused.outcome()
        #expect(outcome.status == 255, "\(who): \(outcome.stderr)")
      }
      // By flag, by environment, and afterwards by itself.
      #expect(
        try await street.by(
          "nora", ["exec", "box", "--pin", "tulip-77", "--", "echo", "in"], more: street.adminEnvironment()
        ).text == "in\n")
      #expect(
        try await street.by("mona", ["exec", "box", "--", "echo", "in"], more: ["CMDOP_PIN": "tulip-77"]).text == "in\n"
      )
      for words in [
        ["exec", "box", "--", "true"], ["session", "set", "work", "--idle", "3d"], ["session", "create", "box"],
      ] {
        let outcome = try await street.by("mona", words)
        #expect(outcome.status == 0, "\(words): \(outcome.stderr)")
      }
      let user = try street.terminal(of: "mona", ["box", "--session", "work"])
      try await user.sees("inside-work")
      try await user.sh("true", "MARK1")
      let list = try await street.byMust("mona", ["connect", "password", "list", "--json"])
      #expect(list.list.map { $0["machine_id"] as? String } == [try street.machineID("box")])
      #expect(!list.text.contains("tulip"))
      // Forgotten, it is asked for again. Another one on the machine makes the remembered one wrong, once.
      try await street.byMust("mona", ["connect", "password", "clear", try street.machineID("box")])
      #expect(try await street.by("mona", ["exec", "box", "--", "true"]).status == 255)
      let guest = try street.terminal(of: "guest", [link], more: ["CMDOP_PIN": "tulip-77"])
      try await guest.sees("inside-work")
      try await guest.sh("true", "MARK2")
      try await user.sees("MARK2")
      // A guest's PIN is kept nowhere.
      for file in street.files(below: street.home("guest")) { #expect(!street.file(file, has: "tulip-77"), "\(file)") }
    }
  }

  @Test("five wrong ones lock it, also against the right one, for everybody and over a restart; a new PIN opens it")
  func locked() async throws {
    try await Street.run { street in
      try await street.setPIN("tulip-77")
      let who = try await street.adminEnvironment()
      func attempt(_ pin: String) async throws -> Street.Outcome {
        try await street.by("mona", ["exec", "box", "--pin", pin, "--", "echo", "in"], more: who)
      }
      for left in (1...4).reversed() {
        let outcome = try await attempt("wrong-\(left)")
        #expect(outcome.status == 255)
        #expect(outcome.stderr.contains(left == 1 ? "one try is left" : "\(left) tries are left"), "\(outcome.stderr)")
      }
      #expect(try await attempt("tulip-77").text == "in\n")
      // The right one has wiped the wrong ones out.
      for _ in 1...5 { _ = try await attempt("wrong-x") }
      for pin in ["tulip-77", "wrong-y"] {
        let outcome = try await attempt(pin)
        #expect(outcome.status == 255)
        #expect(outcome.stderr.contains("takes no PIN until 20"), "\(pin): \(outcome.stderr)")
      }
      try await street.must(["agent", "restart"], home: street.home("box"))
      try await eventually("box is back") { try await street.isOnline("box") }
      #expect(try await attempt("tulip-77").stderr.contains("takes no PIN until 20"))
      let status = try await street.must(["connect", "password", "status", "--json"], home: street.home("box")).json
      #expect(status["locked_until_ms"] != nil)
      // Its own user is at home.
      #expect(try await street.client(["exec", "localhost", "--", "echo", "in"]).text == "in\n")
      try await street.setPIN("tulip-78")
      #expect(try await attempt("tulip-78").text == "in\n")
    }
  }

  @Test("at a terminal it is asked for, three times, and not shown; Ctrl-C gives up")
  func prompt() async throws {
    try await Street.run { street in
      try await street.member("mona", "member")
      try await street.createWork()
      let link = try await street.share(["--session", "work"])
      try await street.setPIN("tulip-77")
      let user = try street.terminal(of: "mona", ["box", "--session", "work"])
      try await user.sees("PIN of box: ")
      user.type("wrong-pin\r")
      try await user.sees("not that one. PIN of box: ")
      user.type("tulip-77\r")
      try await user.sees("inside-work")
      try await user.sh("echo in-$((40 + 2))", "MARK1")
      #expect(user.text.contains("in-42"))
      #expect(!user.text.contains("tulip") && !user.text.contains("wrong"), "\(user.text.debugDescription)")
      // Remembered, for other verbs too.
      #expect(try await street.by("mona", ["exec", "box", "--", "echo", "in"]).text == "in\n")

      let guest = try street.terminal(of: "guest", [link])
      try await guest.sees("PIN of ")
      guest.type("tulip-77\r")
      try await guest.sees("inside-work")
      try await guest.sh("true", "MARK2")
      #expect(!guest.text.contains("tulip"))

      for verb in [["connect", "box"], ["exec", "box", "--", "true"]] {
        let wavering = try Keyboard(
          street.binary, verb, street.environment(street.home("wavering"), try await street.adminEnvironment()))
        try await wavering.sees("PIN of box: ")
        wavering.type("\u{3}")
        #expect(try await wavering.exitStatus() == 130, "\(verb): \(wavering.text)")
      }
      let stubborn = try street.terminal(of: "stubborn", ["box"], more: try await street.adminEnvironment())
      for number in 1...3 {
        try await stubborn.sees(number == 1 ? "PIN of box: " : "not that one. PIN of box: ")
        let seen = stubborn.text.count
        stubborn.type("no-\(number)\r")
        try await eventually("an answer to \(number)") { stubborn.text.count > seen + 10 || stubborn.hasEnded }
      }
      #expect(try await stubborn.exitStatus() == 255)
      #expect(stubborn.text.contains("this is not the PIN of"), "\(stubborn.text.debugDescription)")
    }
  }
}

extension Street {
  /// A session on box that says something first.
  fileprivate func createWork() async throws {
    try await adminMust(["session", "create", "box", "--name", "work", "--", "sh", "-c", "echo inside-work; exec sh"])
  }

  /// Sets the PIN of box.
  func setPIN(_ pin: String) async throws {
    try await must(["connect", "password", "set", "--pin-file", try keep(pin, as: "pin-of-box")], home: home("box"))
  }
}
