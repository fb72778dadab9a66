import Core
import NIOCore
import Session
import Testing

@Suite("Several people at one terminal", .timeLimit(.minutes(1)))
@Loop
struct LiveTerminalPeopleTests {
  @Test("Input is typed once, in the order of its arrival; what comes again is not")
  func input() async throws {
    try await Bench.run { bench in
      let (anna, bob) = (bench.viewer("anna"), bench.viewer("bob"))
      try await bench.live.type(ByteBuffer(string: "ls"), at: 0, by: anna)
      try await bench.live.type(ByteBuffer(string: "x"), at: 0, by: bob)
      try await bench.live.type(ByteBuffer(string: "ls -l"), at: 0, by: anna)
      try await bench.live.type(ByteBuffer(string: "x"), at: 0, by: bob)
      #expect(bench.fake.typed == "lsx -l")
      #expect(bench.live.accepted(from: anna.client) == 5 && bench.live.accepted(from: bob.client) == 1)
    }
  }

  @Test("After a reconnect the same client is known, and what it repeats is not typed again")
  func reconnect() async throws {
    try await Bench.run { bench in
      let before = bench.viewer("anna")
      try await bench.live.type(ByteBuffer(string: "rm x\r"), at: 0, by: before)
      bench.live.detach(before)
      let after = bench.viewer("anna")
      bench.live.expect(after.client, from: 0)
      try await bench.live.type(ByteBuffer(string: "rm x\rls\r"), at: 0, by: after)
      #expect(bench.fake.typed == "rm x\rls\r")
    }
  }

  @Test("While the program reads nothing, what is typed waits in its order, whole piece by whole piece")
  func blocked() async throws {
    try await Bench.run { bench in
      let (anna, bob) = (bench.viewer("anna"), bench.viewer("bob"))
      bench.fake.room = 3
      async let first: Void = bench.live.type(ByteBuffer(string: "abcdef"), at: 0, by: anna)
      try await bench.fake.wasTyped("abc")
      async let second: Void = bench.live.type(ByteBuffer(string: "XYZ"), at: 0, by: bob)
      bench.fake.room = 2
      try await bench.fake.wasTyped("abcde")
      #expect(bench.live.accepted(from: anna.client) == 5 && bench.live.accepted(from: bob.client) == 0)
      bench.fake.room = 100
      _ = try await (first, second)
      #expect(bench.fake.typed == "abcdefXYZ")
    }
  }

  @Test("A connection that dies while the program reads nothing gives way: the rest comes by the next one, once")
  func givesWay() async throws {
    try await Bench.run { bench in
      let dying = bench.viewer("anna")
      bench.fake.room = 2
      let stuck = Task { try await bench.live.type(ByteBuffer(string: "hello"), at: 0, by: dying) }
      try await bench.fake.wasTyped("he")
      let next = bench.viewer("anna")
      #expect(bench.live.accepted(from: next.client) == 2)
      stuck.cancel()
      bench.fake.room = 100
      try await bench.live.type(ByteBuffer(string: "llo!"), at: 2, by: next)
      #expect(bench.fake.typed == "hello!")
      try await stuck.value
    }
  }

  @Test("An observer's keys, signals and sizes reach nothing")
  func observer() async throws {
    try await Bench.run { bench in
      _ = bench.viewer("anna")
      let watcher = bench.viewer("eve", observes: true, rows: 10, columns: 20)
      #expect(await code { try await bench.live.type(ByteBuffer(string: "x"), at: 0, by: watcher) } == .denied)
      bench.live.send(.interrupt, by: watcher)
      bench.live.resize(TerminalSize(rows: 11, columns: 21), by: watcher)
      #expect(bench.fake.typed == "" && bench.fake.signals == [] && bench.fake.size == .standard)
      bench.fake.print("hello")
      #expect(bench.read(watcher).bytes == Array("hello".utf8))
      #expect(bench.live.operators.map(\.subject) == ["anna"])
    }
  }

  @Test("The terminal has the size of the operator who typed, resized or came last")
  func lastTypist() async throws {
    try await Bench.run { bench in
      let anna = bench.viewer("anna", rows: 30, columns: 100)
      #expect(bench.fake.size == TerminalSize(rows: 30, columns: 100))
      let bob = bench.viewer("bob", rows: 50, columns: 200)
      #expect(bench.live.currentSize == TerminalSize(rows: 50, columns: 200))
      try await bench.live.type(ByteBuffer(string: "a"), at: 0, by: anna)
      #expect(bench.fake.size == TerminalSize(rows: 30, columns: 100))
      bench.live.resize(TerminalSize(rows: 51, columns: 201), by: bob)
      #expect(bench.fake.size == TerminalSize(rows: 51, columns: 201))
      let changes = bench.fake.sizes.count
      try await bench.live.type(ByteBuffer(string: "b"), at: 0, by: bob)
      #expect(bench.fake.sizes.count == changes, "the same size is not set again")
    }
  }

  @Test("A takeover sends the other operators away with a reason; observers stay, and so does who takes over")
  func takeover() async throws {
    try await Bench.run { bench in
      let (anna, bob) = (bench.viewer("anna"), bench.viewer("bob"))
      let (eve, carl) = (bench.viewer("eve", observes: true), bench.viewer("carl"))
      bench.live.takeOver(by: carl)
      #expect([anna, bob].map(\.dismissal) == ["taken over by carl", "taken over by carl"])
      #expect(eve.dismissal == nil && carl.dismissal == nil)
    }
  }

  @Test("One client is sent away, or all; one that is not there is not found")
  func dismissal() async throws {
    try await Bench.run { bench in
      let (anna, bob) = (bench.viewer("anna"), bench.viewer("bob"))
      #expect(!bench.live.dismiss(client: "client of carl", by: "admin"))
      #expect(bench.live.dismiss(client: anna.client, by: "admin"))
      #expect(anna.dismissal == "detached by admin" && bob.dismissal == nil)
      #expect(bench.live.dismiss(client: "", by: "admin"))
      #expect(bob.dismissal == "detached by admin")
    }
  }

  @Test("Who comes and who goes is told to the others, and only the newest few")
  func notices() async throws {
    try await Bench.run { bench in
      let anna = bench.viewer("anna")
      let eve = bench.viewer("eve", observes: true)
      bench.live.detach(eve)
      bench.live.detach(eve)
      #expect(bench.read(anna).notices == ["eve joined, watching", "eve left"])
      for number in 0..<100 { bench.live.detach(bench.viewer("guest \(number)")) }
      let notices = bench.read(anna).notices
      #expect(notices.count <= 4 && notices.last == "guest 99 left")
    }
  }

  @Test("Without a viewer and without output it ends after its idle time; a viewer, output or the background keep it")
  func idle() async throws {
    try await Bench.run(idle: .seconds(60)) { bench in
      bench.clock.pass(59_000)
      bench.fake.print("still here")
      bench.clock.pass(60_000)
      bench.live.tick()
      #expect(bench.fake.hangUps == 0)
      let anna = bench.viewer("anna")
      bench.clock.pass(900_000)
      bench.live.tick()
      bench.live.detach(anna)
      bench.live.isInBackground = true
      bench.clock.pass(900_000)
      bench.live.tick()
      #expect(bench.fake.hangUps == 0)
      bench.live.isInBackground = false
      bench.live.tick()
      #expect(bench.fake.hangUps == 1)
    }
  }

  @Test("A program's question is answered by this machine when nobody is there, and by one viewer's terminal otherwise")
  func questions() async throws {
    try await Bench.run { bench in
      bench.fake.print("ab\u{1b}[6n")
      try await bench.fake.wasTyped("\u{1b}[1;3R")
      let (anna, bob) = (
        bench.viewer("anna", from: bench.live.outputEnd), bench.viewer("bob", from: bench.live.outputEnd)
      )
      try await bench.live.type(ByteBuffer(string: "k"), at: 0, by: bob)
      bench.fake.print("cd\u{1b}[6nef")
      let seen = [bench.read(bob).bytes, bench.read(anna).bytes]
      #expect(seen[0] == Array("cd\u{1b}[6nef".utf8), "who typed last is asked")
      #expect(seen[1].filter { $0 != 0 } == Array("cdef".utf8))
      #expect(seen[1].count == seen[0].count, "positions stay what they are")
      #expect(bench.fake.typed == "\u{1b}[1;3Rk")
    }
  }
}
