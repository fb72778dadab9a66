import Core
import NIOCore
import Session

/// A terminal without a program: a test prints into it and reads what was typed. What is printed lands where it is told
/// to, 4 KiB at a time, and pausing it stops the printing, as with the kernel's.
@Loop
final class FakeTerminal: Terminal {
  nonisolated let processID: Int32 = 4711
  var isPaused = false
  var size = TerminalSize.standard { didSet { sizes.append(size) } }
  private(set) var sizes: [TerminalSize] = []
  private(set) var typed = ""
  /// Bytes that the program still takes.
  var room = Int.max
  private(set) var signals: [SignalName] = []
  private(set) var hangUps = 0
  private var take: (@Loop (UnsafeRawBufferPointer?) -> Void)?
  private var landing: LandingPlace?
  private var how: ProgramEnd?
  private let turnstile = Turnstile()

  func start(
    landing: LandingPlace?, _ take: @escaping @Loop (UnsafeRawBufferPointer?) -> Void
  ) throws(CmdopError) {
    (self.landing, self.take) = (landing, take)
    turnstile.wake()
  }
  func type(_ bytes: ByteBuffer, moving mark: UnsafeMutablePointer<Int64>?) -> Int {
    let count = min(room, bytes.readableBytes)
    room -= count
    typed += String(decoding: bytes.readableBytesView.prefix(count), as: UTF8.self)
    mark?.pointee += Int64(count)
    turnstile.wake()
    return count
  }
  func send(_ signal: SignalName) { signals.append(signal) }
  func hangUp() {
    hangUps += 1
    exit(.signalled(number: 1))
  }
  func end() async -> ProgramEnd {
    try? await turnstile.wait { how != nil }
    return how ?? .unknown
  }
  func whatRuns() -> ForegroundProgram? { ForegroundProgram(command: "fake", directory: "/fake") }

  // MARK: the program's side

  func isStarted() async throws { try await turnstile.wait { take != nil } }
  func wasTyped(_ text: String) async throws { try await turnstile.wait { typed.contains(text) } }
  func print(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { print($0) } }
  func print(_ text: String) { print(ByteBuffer(string: text)) }
  private func print(_ bytes: UnsafeRawBufferPointer) {
    guard let place = landing?.bytes, let take else { return }
    var rest = bytes
    while !rest.isEmpty {
      let piece = UnsafeMutableRawBufferPointer(rebasing: place[..<min(place.count, rest.count)])
      piece.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<piece.count]))
      rest = UnsafeRawBufferPointer(rebasing: rest[piece.count...])
      take(UnsafeRawBufferPointer(piece))
    }
  }

  /// Prints lines of `x` until it is paused or has printed this much; how much that was.
  func pour(_ count: Int) -> Int {
    var done = 0
    while done < count && !isPaused {
      print(ByteBuffer(string: String(repeating: "x", count: 998) + "\r\n"))
      done += 1000
    }
    return done
  }

  func exit(_ how: ProgramEnd) {
    guard self.how == nil else { return }
    self.how = how
    take?(nil)
    turnstile.wake()
  }
}

/// A clock that stands until it is moved. Milliseconds.
@Loop
final class Clock {
  nonisolated let time = TimeBox()
  func pass(_ span: Int64) { time.value += span }

  final class TimeBox: @unchecked Sendable { var value: Int64 = 1_000_000 }
}

/// A living terminal over a fake one.
@Loop
struct Bench {
  let fake = FakeTerminal()
  let clock = Clock()
  let live: LiveTerminal

  init(capacity: Int = 2 * 1024 * 1024, idle: Duration = .seconds(3600)) throws {
    let time = clock.time
    live = LiveTerminal(
      .init(id: SessionID("s"), name: "work", createdAt: 1_000_000, idleLimit: idle), terminal: fake,
      journal: try Journal(capacity: capacity), now: { time.value })
  }

  /// Runs `body` while the terminal lives, then ends it.
  static func run(
    capacity: Int = 2 * 1024 * 1024, idle: Duration = .seconds(3600), _ body: @Loop (Bench) async throws -> Void
  ) async throws {
    let bench = try Bench(capacity: capacity, idle: idle)
    try await withThrowingTaskGroup { group in
      group.addTask { try await bench.live.run() }
      try await bench.fake.isStarted()
      try await body(bench)
      bench.fake.exit(.exited(code: 0))
      try await group.waitForAll()
    }
  }

  func viewer(_ subject: String, observes: Bool = false, rows: Int = 24, columns: Int = 80, from: UInt64? = 0)
    -> TerminalViewer
  {
    let viewer = TerminalViewer(
      client: "client of \(subject)", subject: subject, observes: observes, announces: true,
      size: TerminalSize(rows: rows, columns: columns))
    live.attach(viewer, from: from)
    return viewer
  }

  /// What a viewer sees until it has seen everything: the output, and how often the screen was drawn instead.
  func read(_ viewer: TerminalViewer) -> (bytes: [UInt8], screens: Int, notices: [String]) {
    var (bytes, screens, notices) = ([UInt8](), 0, [String]())
    while let next = live.show(viewer) {
      switch next {
      case .output(_, let piece): bytes += piece.readableBytesView
      case .screen: screens += 1
      case .notice(let text): notices.append(text)
      }
    }
    return (bytes, screens, notices)
  }
}
