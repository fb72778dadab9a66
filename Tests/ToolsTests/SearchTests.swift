import Core
import FoundationEssentials
import Host
import Testing

@testable import Tools

@Suite("grep and glob look below a directory and nowhere else")
struct SearchTests {
  private func paths(_ outcome: ToolOutcome) -> [String] { outcome.value?["paths"]?.strings ?? [] }
  private func found(_ outcome: ToolOutcome) -> [String] {
    (outcome.value?["matches"]?.array ?? []).map { "\($0["path"]?.string ?? ""):\($0["line"]?.integer ?? 0)" }
  }

  @Test("glob knows *, ?, [ ], { } and **, relative to cwd and absolute")
  func glob() async throws {
    try await ToolBench.run { bench in
      for name in [
        "a.swift", "b.txt", "src/c.swift", "src/deep/er/d.swift", "src/deep/e.h", ".hidden.swift", ".git/x.swift",
        "src/.h/i.swift",
      ] {
        try bench.write(name, "x")
      }
      let cases: [(String, [String])] = [
        ("*.swift", ["a.swift"]), ("**/*.swift", ["a.swift", "src/c.swift", "src/deep/er/d.swift"]),
        ("src/**", ["src/c.swift", "src/deep", "src/deep/e.h", "src/deep/er", "src/deep/er/d.swift"]),
        ("src/*/?.h", ["src/deep/e.h"]), ("**/[c-d].{swift,h}", ["src/c.swift", "src/deep/er/d.swift"]),
        ("{a,b}.*", ["a.swift", "b.txt"]), ("src/**/er/*", ["src/deep/er/d.swift"]), (".*.swift", [".hidden.swift"]),
        ("**/.h/*", ["src/.h/i.swift"]), ("a.swift", ["a.swift"]), ("nothing/**", []), ("nope*", []),
        ("./src/*.swift", ["./src/c.swift"]), ("src/../*.txt", ["src/../b.txt"]), ("**/deep", ["src/deep"]),
      ]
      for (pattern, wanted) in cases {
        #expect(self.paths(try await bench.call("glob", ["pattern": .string(pattern)])) == wanted, "\(pattern)")
      }
      #expect(self.paths(try await bench.call("glob", ["pattern": "*.swift", "cwd": "src"])) == ["c.swift"])
      let absolute = bench.work + "/src/**/*.h"
      #expect(
        self.paths(try await bench.call("glob", ["pattern": .string(absolute)])) == [bench.work + "/src/deep/e.h"])
      let home = self.paths(try await bench.call("glob", ["pattern": "~/work/*.txt"]))
      #expect(home == ["~/work/b.txt"])
    }
  }

  @Test("A pattern cannot lead upwards, and a link is listed but not followed")
  func escape() async throws {
    try await ToolBench.run { bench in
      try bench.write("in/a", "x")
      try FileManager.default.createSymbolicLink(atPath: bench.work + "/in/out", withDestinationPath: "/etc")
      let up = try await bench.call("glob", ["pattern": "in/*/../../*"])
      #expect(up.isError && up.text.contains("leads upwards"))
      #expect(self.paths(try await bench.call("glob", ["pattern": "in/**"])) == ["in/a", "in/out"])
      #expect(self.paths(try await bench.call("glob", ["pattern": "{/etc,in}/*"])) == ["in/a", "in/out"])
      try bench.write("target", "needle")
      try FileManager.default.createSymbolicLink(atPath: bench.work + "/in/link", withDestinationPath: "../target")
      #expect(self.found(try await bench.call("grep", ["pattern": "needle", "path": "in"])) == [])
      // As the place to begin, a link is resolved and judged by where it leads.
      #expect(self.found(try await bench.call("grep", ["pattern": "needle", "path": "in/link"])) == ["in/link:1"])
    }
  }

  @Test("Below a judged directory a search reaches only what the judge lets it")
  func mayReach() async throws {
    try await ToolBench.run { bench in
      try bench.write("home/.ssh/id", "needle")
      try bench.write("home/notes", "needle")
      let caller = Caller(kind: .local, subject: "ann", role: .owner, fleet: FleetID(rawValue: "f"))
      for (tool, arguments) in [
        ("grep", ["pattern": "needle", "path": "home", "include_ignored": true] as JSON),
        ("glob", ["pattern": "home/{.ssh,}/**"] as JSON), ("glob", ["pattern": "home/.ssh/*"] as JSON),
      ] {
        guard case .own(let own)? = bench.catalogue[tool] else { continue }
        let call = ToolCall(id: "1", tool: tool, arguments: arguments, caller: caller)
        var judged = try JudgedCall.check(
          call, own.definition, directory: bench.work, home: bench.folder)
        #expect(try await own.call(judged).text.contains(".ssh"))
        judged.mayReach = { !$0.contains("/.ssh") }
        let outcome = try await own.call(judged)
        #expect(!outcome.text.contains(".ssh"), "\(tool): \(outcome.text)")
      }
    }
  }

  @Test("grep tells path, line and text; around them if asked")
  func grep() async throws {
    try await ToolBench.run { bench in
      try bench.write("a.txt", "one\ntwo\nthree\nfour\nfive\r\n")
      try bench.write("sub/b.swift", "let two = 2\n// no end")
      let all = try await bench.call("grep", ["pattern": "t(wo|hree)"])
      #expect(all.text == "a.txt:2: two\na.txt:3: three\nsub/b.swift:1: let two = 2")
      #expect(self.found(all) == ["a.txt:2", "a.txt:3", "sub/b.swift:1"])
      #expect(self.found(try await bench.call("grep", ["pattern": "two", "glob": "*.swift"])) == ["sub/b.swift:1"])
      #expect(
        self.found(try await bench.call("grep", ["pattern": "TWO", "ignore_case": true, "path": "a.txt"])) == [
          "a.txt:2"
        ])
      #expect(self.found(try await bench.call("grep", ["pattern": "five$"])) == ["a.txt:5"])
      #expect(self.found(try await bench.call("grep", ["pattern": "end$"])) == ["sub/b.swift:2"])
      let around = try await bench.call("grep", ["pattern": "two|five", "path": "a.txt", "context": 1])
      #expect(around.text == "a.txt-1- one\na.txt:2: two\na.txt-3- three\na.txt-4- four\na.txt:5: five")
      let names = try await bench.call("grep", ["pattern": "e", "files_only": true])
      #expect(names.text == "a.txt\nsub/b.swift")
      #expect(try await bench.call("grep", ["pattern": "(a"]).text.contains("without its )"))
      #expect(try await bench.call("grep", ["pattern": "x", "path": "gone"]).isError)
    }
  }

  @Test("Ignore files are kept to as git does; hidden and binary files are left out")
  func ignores() async throws {
    try await ToolBench.run { bench in
      try bench.write(".git/HEAD", "needle")
      try bench.write(".gitignore", "*.log\n/build/\n!keep.log\nsub/tmp\n# comment\n\ntrailing  \n")
      try bench.write("sub/.gitignore", "*.txt\n!/yes.txt\n")
      try bench.write(".ignore", "other/**/x\n")
      let shown = ["keep.log", "sub/yes.txt", "sub/build/a", "sub/deep/tmp/a", "other/y"]
      let hidden = [
        "a.log", "build/a", "sub/tmp/a", "sub/a.txt", "sub/deep/yes.txt", "other/1/2/x", ".env", "trailing",
      ]
      for name in shown + hidden { try bench.write(name, "needle") }
      try bench.write("binary", [0x6e, 0x65, 0, 1, 2] + Array("needle".utf8))
      let outcome = try await bench.call("grep", ["pattern": "needle", "files_only": true])
      #expect(Set(self.found(outcome).map { String($0.dropLast(2)) }) == Set(shown))
      #expect(outcome.value?["binary_files"] == 1)
      let all = try await bench.call("grep", ["pattern": "needle", "files_only": true, "include_ignored": true])
      #expect(Set(self.found(all).map { String($0.dropLast(2)) }) == Set(shown + hidden))
      // From below, the rules above still hold.
      let below = try await bench.call("grep", ["pattern": "needle", "path": "sub", "files_only": true])
      #expect(Set(self.found(below).map { String($0.dropLast(2)) }) == Set(shown.filter { $0.hasPrefix("sub/") }))
    }
  }

  @Test("Lines of any length and number are bounded, and it says so")
  func bounds() async throws {
    try await ToolBench.run { bench in
      try bench.write("many", (1...5000).map { "line \($0)" }.joined(separator: "\n"))
      let outcome = try await bench.call("grep", ["pattern": "line"])
      #expect(self.found(outcome).count == 100 && outcome.value?["truncated"] == true)
      #expect(outcome.text.contains("there are more"))
      let long =
        "first\n" + String(repeating: "x", count: 1_500_000) + "needle" + String(repeating: "y", count: 100_000)
      try bench.write("long", long)
      let one = try await bench.call("grep", ["pattern": "needley+$", "path": "long"])
      #expect(one.text.utf8.count < 1000 && one.value?["truncated"] == false)
      #expect(self.found(one) == ["long:2"])
    }
  }
}
