import Core
import Foundation
import Host
import Synchronization
import Testing

@testable import MCP

@Suite("Other servers' tools are ours to call, and what they do harms nobody", .timeLimit(.minutes(5)))
struct OtherServerTests {
  @Test("A tool of another server is called, by its name and in its words")
  func call() async throws {
    let way = ServerBench.play(["bad"], environment: ["MY_TOKEN": "${env:SECRET}"])
    try await ServerBench.run([try ServerSettings("one", way)], variables: ["SECRET": "s3cr3t-token"]) { bench in
      let outcome = try await bench.call("one:echo", ["text": "grüß\u{1b}[31mdich\u{7}"])
      #expect(outcome == ToolOutcome("grüßdich"))
      #expect(try await bench.call("one:env", ["name": "MY_TOKEN", "is": "s3cr3t-token"]).text == "that")
      #expect(try await bench.call("one:env", ["name": "CMDOP_HOME"]).text == "(unset)")
      let definition = try #require(bench.tool("one:echo")).definition
      #expect(definition.title == "Say it again")
      #expect(definition.summary.contains("MCP server \"one\"") && definition.summary.hasSuffix("Says what it hears."))
      // It says that it only reads; nobody has said that it is to be believed.
      #expect(!definition.traits.isReadOnly && definition.traits.isDestructive)
      #expect(definition.gate.arguments.isEmpty)
    }
  }

  @Test(
    "All revisions are spoken",
    arguments: [("", "2025-11-25"), ("old", "2024-11-05"), ("modern", "2026-07-28")])
  func revisions(_ word: String, _ revision: String) async throws {
    let way = word.isEmpty ? ServerBench.play() : ServerBench.play(word)
    try await ServerBench.run([try ServerSettings("one", way)]) { bench in
      let outcome = try await bench.call("one:echo", ["text": "hi"])
      #expect(outcome.text == "hi")
      #expect(await bench.status("one")?.revision == revision)
      let heard = Mutex<[String]>([])
      _ = try await bench.call("one:progress") { progress in
        if case .note(let text) = progress { heard.withLock { $0.append(text) } }
      }
      // A thousand were said; a few a second are let through.
      let notes = heard.withLock(\.self)
      #expect(notes.first == "step 0" && notes.count < 100)
    }
  }

  @Test("A revision that nobody knows is said to be that")
  func strange() async throws {
    let report = await ServerReport.make(
      try ServerSettings("one", ServerBench.play("strange")), try ServerBench.means())
    #expect(report.fault?.code == .version && report.fault?.message.contains("1999-01-01") == true)
  }

  @Test(
    "Noise, answers that come twice, ids of another type, questions: what was asked is answered",
    arguments: ["noise", "twice", "textid"])
  func noise(_ word: String) async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play(word))]) { bench in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          group.addTask {
            let outcome = try await bench.call("one:echo", ["text": .string("\(number)")])
            #expect(outcome.text == "\(number)")
          }
        }
        try await group.waitForAll()
      }
      // ping is answered, everything else is not ours.
      if word != "twice" { #expect(try await bench.call("one:ask_back").text == "[{}, -32601]") }
    }
    let report = await ServerReport.make(
      try ServerSettings("one", ServerBench.play("noise")), try ServerBench.means())
    #expect(report.fault == nil && report.noise.lines > 5 && report.noise.sample == "Welcome to my server!")
  }

  @Test("What a call gives is bounded, described where it is no text, and data only as it was declared")
  func results() async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play())]) { bench in
      let liar = try await bench.call("one:liar")
      #expect(liar.value == nil && liar.text.hasPrefix("seven\n[its data was left out") && !liar.isError)
      #expect(try await bench.call("one:data") == ToolOutcome("7", value: ["n": 7]))
      let lines = try await bench.call("one:picture").text.split(separator: "\n").map(String.init)
      #expect(
        lines == [
          "[image/png, 12 kB]", "[link: file:///a, a]", "[file:///b, text/plain]", "in b",
          "[something of an unknown kind]",
          "[something of an unknown kind]",
        ])
      let long = try await bench.call("one:long").text
      #expect(long.hasPrefix("begin ää") && long.hasSuffix("ä end") && long.utf8.count < 66_000)
      #expect(long.contains("bytes left out here") && !long.contains("title") && !long.contains("\u{fffd}"))
      #expect(try await bench.call("one:fail") == ToolOutcome("it is broken", isError: true))
    }
  }

  @Test("A crash in the middle of a call is told, not repeated; the next call finds the server again")
  func crash() async throws {
    let file = "/tmp/cmdop-mcp-\(UInt32.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: file) }
    @Sendable func starts() -> Int {
      (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n").count ?? 0
    }
    try await ServerBench.run([try ServerSettings("one", ServerBench.play("count=\(file)"))]) { bench in
      let outcome = try await bench.call("one:crash")
      #expect(
        outcome.isError && outcome.text.contains("exit code 3") && outcome.text.contains("not known"), "\(outcome)")
      // Its tools are still there: what the model is told does not change.
      #expect(bench.tool("one:echo") != nil)
      #expect(try await bench.call("one:echo", ["text": "again"]).text == "again")
      #expect(starts() == 2)
      #expect(await bench.status("one")?.starts == 2)
    }
  }

  @Test("One that cannot start is tried again ever less often, and says why it ended")
  func failing() async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play("dies=0"))]) { bench in
      try await eventually("it has failed twice") {
        let status = await bench.status("one")
        return status?.state == .failed && status?.starts == 2
      }
      let why = await bench.status("one")?.why ?? ""
      #expect(why.contains("exit code 3") && why.contains("the licence has ended"), "\(why)")
    }
    var pace = RestartPace()
    var (now, starts) = (ContinuousClock.now, [ContinuousClock.Instant]())
    for _ in 0..<40 {
      pace.began(at: now)
      starts.append(now)
      pace.ended(at: now)
      now = try #require(pace.next(isWanted: true))
    }
    for (first, last) in zip(starts, starts.dropFirst(RestartPace.mostPerMinute)) {
      #expect(last - first >= .seconds(60))
    }
    #expect(try #require(pace.next(isWanted: false)) - now >= .seconds(240))
  }

  @Test("A call that is not answered ends in its time, and the server is told")
  func timeout() async throws {
    let settings = try ServerSettings("one", ServerBench.play(), timeout: .milliseconds(600))
    try await ServerBench.run([settings]) { bench in
      try await eventually("it is there") { bench.tool("one:hang") != nil }
      let begin = ContinuousClock.now
      let outcome = try await bench.call("one:hang")
      #expect(outcome.isError && outcome.text.contains("600 ms"), "\(outcome)")
      #expect(ContinuousClock.now - begin < .seconds(20))
      // The caller's own deadline counts, too.
      #expect(try await bench.call("one:hang", deadline: .milliseconds(100)).text.contains("did not answer"))
    }
  }

  @Test("Whoever gives up a call waits for nothing")
  func cancelled() async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play())]) { bench in
      try await eventually("it is there") { bench.tool("one:hang") != nil }
      let seen = Seen()
      try await withThrowingTaskGroup(of: CmdopError?.self) { group in
        group.addTask {
          do { _ = try await bench.call("one:hang") { _ in seen.count.withLock { $0 += 1 } } } catch {
            return error as? CmdopError
          }
          return nil
        }
        try await eventually("the call is under way") { seen.count.withLock(\.self) > 0 }
        group.cancelAll()
        let end = try await group.next()
        #expect(end == .some(CmdopError(.cancelled, "cancelled")))
      }
      try await eventually("the server was told") {
        try await bench.call("one:slow", ["seconds": 0.01]).text != "cancelled: "
      }
    }
  }

  @Test("So many calls at once and no more")
  func inFlight() async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play())]) { bench in
      try await eventually("it is there") { bench.tool("one:hang") != nil }
      try await withThrowingTaskGroup(of: ToolOutcome?.self) { group in
        for _ in 0..<40 { group.addTask { try? await bench.call("one:hang") } }
        for _ in 0..<8 {
          let refused = try await group.next() ?? nil
          #expect(
            refused?.isError == true && refused?.text.contains("32 calls already") == true, "\(refused?.text ?? "")")
        }
        group.cancelAll()
      }
      #expect(try await bench.call("one:echo", ["text": "hi"]).text == "hi")
    }
  }

  @Test("One that is slow or mute keeps nobody waiting, and none is left behind")
  func slow() async throws {
    let file = "/tmp/cmdop-mcp-\(UInt32.random(in: 0 ... .max))"
    let go = file + ".go"
    defer { for file in [file, go] { try? FileManager.default.removeItem(atPath: file) } }
    let settings = [
      try ServerSettings("mute", ServerBench.play("mute", "shy", "count=\(file)")),
      try ServerSettings("quick", ServerBench.play("count=\(file)")),
      try ServerSettings("slow", ServerBench.play("slow=\(go)", "count=\(file)")),
    ]
    try await ServerBench.run(settings) { bench in
      let quick = try await bench.call("quick:echo", ["text": "hi"])
      #expect(quick.text == "hi")
      #expect(bench.tool("slow:echo") == nil)
      #expect(await bench.status("slow")?.state == .starting)
      #expect(FileManager.default.createFile(atPath: go, contents: nil))
      try await eventually("the slow one is there") { bench.tool("slow:echo") != nil }
      #expect(bench.servers.current.first?.definition.name.hasPrefix("quick:") == true)
      #expect(await bench.status("mute")?.state == .starting)
    }
    let ids = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").compactMap { Int32($0) }
    #expect(ids.count == 3)
    // Dead at once; buried by its guard a moment later.
    for id in ids { try await eventually("\(id) is gone") { kill(id, 0) != 0 } }
  }

  @Test("A flood of 100 MB costs time and no memory")
  func flood() async throws {
    let report = await ServerReport.make(
      try ServerSettings("one", ServerBench.play("flood")), try ServerBench.means())
    #expect(report.fault == nil && !report.tools.isEmpty, "\(String(describing: report.fault))")
    #expect(report.noise.lines == 1)
  }

  @Test("Lists are read to a bound: pages without end, pages in a circle, more tools than anybody needs")
  func lists() async throws {
    func report(_ words: String...) async throws -> ServerReport {
      await ServerReport.make(try ServerSettings("one", ServerBench.play(words)), try ServerBench.means())
    }
    let pages = try await report("pages")
    #expect(pages.tools.count == 100 && pages.leftOut.first?.reason.contains("100 pages") == true)
    let circle = try await report("circle")
    #expect(circle.tools.count == 3 && circle.leftOut.first?.reason.contains("circle") == true)
    let many = try await report("many=2000")
    #expect(many.tools.count == 500 && many.leftOut.first?.reason.contains("500") == true)
  }

  @Test("A list that has changed is read again")
  func changes() async throws {
    try await ServerBench.run([try ServerSettings("one", ServerBench.play())]) { bench in
      _ = try await bench.call("one:grow")
      try await eventually("there is one tool more") { bench.tool("one:more0") != nil }
    }
  }

  @Test("Servers come and go with their settings; those that stay as they are go on undisturbed")
  func settings() async throws {
    let (one, two) = (try ServerSettings("one", ServerBench.play()), try ServerSettings("two", ServerBench.play()))
    try await ServerBench.run([one]) { bench in
      _ = try await bench.call("one:echo", ["text": "hi"])
      var book = ServerBook()
      try book.add(two)
      try book.add(one)
      await bench.servers.use(book)
      _ = try await bench.call("two:echo", ["text": "hi"])
      #expect(await bench.status("one")?.starts == 1)
      _ = try book.remove("one")
      await bench.servers.use(book)
      #expect(bench.tool("one:echo") == nil && bench.tool("two:echo") != nil)
      #expect(await bench.servers.status.map(\.name) == ["two"])
    }
  }
}
