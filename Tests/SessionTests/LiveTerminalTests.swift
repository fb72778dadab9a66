import Core
import NIOCore
import Session
import Testing

@Suite("A terminal that outlives its viewers", .timeLimit(.minutes(1)))
@Loop
struct LiveTerminalTests {
  @Test("All viewers see the same bytes, each at its own pace, also one that comes later and names a position")
  func samePast() async throws {
    try await Bench.run { bench in
      let (fast, slow) = (bench.viewer("fast"), bench.viewer("slow"))
      var seen: [UInt8] = []
      for number in 0..<200 {
        bench.fake.print("line \(number)\r\n")
        seen += bench.read(fast).bytes
      }
      let whole = (0..<200).map { "line \($0)\r\n" }.joined()
      #expect(seen == Array(whole.utf8))
      #expect(bench.read(slow).bytes == seen)
      #expect(bench.read(bench.viewer("late", from: 700)).bytes == Array(seen[700...]))
    }
  }

  @Test("A viewer who fell out of the ring gets the screen, not garbage; the one who kept up notices nothing")
  func slowViewer() async throws {
    try await Bench.run(capacity: 1024 * 1024) { bench in
      let (fast, slow) = (bench.viewer("fast"), bench.viewer("slow"))
      _ = bench.read(fast)
      var (poured, seen) = (0, 0)
      while poured < 3_000_000 {
        poured += bench.fake.pour(10_000)
        let read = bench.read(fast)
        #expect(read.screens == 0)
        seen += read.bytes.count
      }
      #expect(seen == poured && !bench.fake.isPaused)
      let first = bench.live.show(slow).flatMap { next in
        if case .notice = next { bench.live.show(slow) } else { next }
      }
      guard case .screen(let position, let drawing, _)? = first else {
        Issue.record("the slow viewer got \(String(describing: first))")
        return
      }
      #expect(position == UInt64(poured))
      #expect(String(decoding: drawing, as: UTF8.self).contains("xxxx"))
      bench.fake.print("and on")
      #expect(String(decoding: bench.read(slow).bytes, as: UTF8.self) == "and on")
    }
  }

  @Test("A program is stopped 1 MiB ahead of the fastest viewer, and goes on when that one has read")
  func backPressure() async throws {
    try await Bench.run { bench in
      let viewer = bench.viewer("anna")
      let poured = bench.fake.pour(5_000_000)
      #expect(bench.fake.isPaused)
      #expect(abs(poured - 1024 * 1024) < 2000)
      #expect(bench.read(viewer).bytes.count == poured)
      #expect(!bench.fake.isPaused)
    }
  }

  @Test("Without viewers nothing waits: the oldest output makes room")
  func nobody() async throws {
    try await Bench.run { bench in
      #expect(bench.fake.pour(5_000_000) == 5_000_000)
      #expect(bench.live.outputEnd == 5_000_000)
      #expect(bench.live.outputStart > 2_900_000)
    }
  }

  @Test("A stopped program goes on when the only viewer leaves")
  func lastOneLeaves() async throws {
    try await Bench.run { bench in
      let viewer = bench.viewer("anna")
      _ = bench.fake.pour(5_000_000)
      #expect(bench.fake.isPaused)
      bench.live.detach(viewer)
      #expect(!bench.fake.isPaused)
    }
  }

  @Test("A viewer who stands still for 5 s is not waited for any longer")
  func standsStill() async throws {
    try await Bench.run { bench in
      _ = bench.viewer("asleep")
      _ = bench.fake.pour(5_000_000)
      let since = ContinuousClock.now
      while bench.fake.isPaused, ContinuousClock.now < since + .seconds(30) {
        bench.live.tick()
        try await Task.sleep(for: .milliseconds(20))
      }
      #expect(!bench.fake.isPaused)
      #expect(ContinuousClock.now - since > .seconds(4), "it was given up too early")
    }
  }

  @Test("Who arrives without a position sees the screen as it is, and then what follows")
  func arrives() async throws {
    try await Bench.run { bench in
      bench.fake.print("$ make\r\nall is well")
      let viewer = bench.viewer("late", from: nil)
      guard case .screen(_, let drawing, let size)? = bench.live.show(viewer) else {
        Issue.record("no screen")
        return
      }
      #expect(String(decoding: drawing, as: UTF8.self).contains("all is well"))
      #expect(size == .standard)
      bench.fake.print("!")
      #expect(bench.read(viewer).bytes == Array("!".utf8))
    }
  }

  @Test("A position beyond the end, as a client of another session may name it, shows the screen")
  func beyondTheEnd() async throws {
    try await Bench.run { bench in
      bench.fake.print("here")
      for position in [5, UInt64.max] {
        let viewer = bench.viewer("odd", from: position)
        #expect(bench.read(viewer).screens == 1)
        #expect(viewer.position == 4)
      }
    }
  }

  @Test("A recording holds what was printed, when it was, in whole characters, and the sizes")
  func recording() async throws {
    try await Bench.run { bench in
      var lines = ""
      bench.live.record { lines += String(decoding: $0, as: UTF8.self) }
      bench.fake.print("hello\r\n")
      bench.clock.pass(1500)
      bench.fake.print(ByteBuffer(bytes: [0x61, 0xc3]))
      bench.clock.pass(250)
      bench.fake.print(ByteBuffer(bytes: [0xa4]))
      _ = bench.viewer("anna", rows: 30, columns: 100)
      bench.live.record(nil)
      bench.fake.print("not this")
      let expected = [
        #"[0.000, "o", "hello\r\n"]"#, #"[1.500, "o", "a"]"#, #"[1.750, "o", "ä"]"#, #"[1.750, "r", "100x30"]"#,
      ]
      #expect(lines.split(separator: "\n").map(String.init) == expected)
    }
  }

  @Test("When the program ends, what it printed last can still be read, and the end is told")
  func ends() async throws {
    let bench = try Bench()
    try await withThrowingTaskGroup { group in
      group.addTask { try await bench.live.run() }
      try await bench.fake.isStarted()
      let viewer = bench.viewer("anna")
      bench.fake.print("last words")
      bench.fake.exit(.signalled(number: 9))
      try await bench.live.news.wait { bench.live.end != nil }
      #expect(bench.live.end == .signalled(number: 9))
      #expect(bench.read(viewer).bytes == Array("last words".utf8))
      #expect(bench.live.whatRuns() == nil)
      try await group.waitForAll()
    }
  }
}
