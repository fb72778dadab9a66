import CHost
public import Core
public import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A program on a pseudo-terminal that the keeper keeps: we read and write it, the keeper knows whether it lives.
@Loop
public final class KeptTerminal: Terminal {
  public nonisolated let processID: Int32
  private let id: SessionID
  private let keeper: TerminalKeeper
  /// For typing, sizes and the foreground group, while the stream that reads owns the other copy.
  private let control: CInt
  private var master: CInt
  private var stream: DescriptorStream?
  private var end: ProgramEnd?
  private let endSeen = Turnstile()
  private var isHungUp = false
  private var quietSince = ContinuousClock.now

  init(id: SessionID, master: CInt, processID: pid_t, keeper: TerminalKeeper) {
    (self.id, self.master, self.processID, self.keeper) = (id, master, processID, keeper)
    control = fcntl(master, F_DUPFD_CLOEXEC, 0)
    setNonBlocking(master)
  }

  isolated deinit {
    stream?.close()
    if control >= 0 { close(control) }
    if master >= 0 { close(master) }
  }

  public func start(
    landing: LandingPlace?, _ take: @escaping @Loop (UnsafeRawBufferPointer?) -> Void
  ) throws(CmdopError) {
    guard master >= 0 else { throw CmdopError(.wrongState, "terminal \(id) is read already") }
    guard control >= 0 else { throw CmdopError(.limit, "this process has too many files open for another terminal") }
    let descriptor = master
    master = -1
    // A read of a terminal never gives more than 4 KiB.
    stream = try DescriptorStream.open(
      descriptor, reads: true, writes: false, piece: 4096, joins: false, landing: landing
    ) { [weak self] bytes in
      if let bytes { bytes.withUnsafeReadableBytes { take($0) } } else { take(nil) }
      guard let self else { return }
      quietSince = .now
      if bytes == nil { stream = nil } else if !isPaused { stream?.pull() }
    }
    if !isPaused { stream?.pull() }
    closeOnceQuiet()
  }

  public var isPaused = false {
    didSet { if isPaused { stream?.pause() } else { stream?.pull() } }
  }

  public func type(_ bytes: ByteBuffer, moving mark: UnsafeMutablePointer<Int64>?) -> Int {
    guard stream != nil else { return 0 }
    var typed = 0
    _ = bytes.withUnsafeReadableBytes { chost_type(control, $0.baseAddress, $0.count, mark, &typed) }
    return typed
  }

  public var size: TerminalSize {
    get {
      var (rows, columns) = (UInt16(0), UInt16(0))
      return chost_size(control, &rows, &columns) == 0 ? TerminalSize(rows: rows, columns: columns) : .standard
    }
    set { _ = chost_resize(control, newValue.rows, newValue.columns) }
  }

  public func send(_ signal: SignalName) { keeper.send(signal.number, to: id, foreground: true) }

  public func whatRuns() -> ForegroundProgram? {
    let group = chost_foreground(control)
    return group > 1 ? ProcessFacts.program(group) : nil
  }

  public func end() async -> ProgramEnd {
    try? await endSeen.wait { end != nil }
    return end ?? .unknown
  }

  public func hangUp() {
    guard !isHungUp else { return }
    isHungUp = true
    keeper.send(SIGHUP, to: id, foreground: false)
    keeper.send(SIGHUP, to: id, foreground: true)
    keeper.send(SIGCONT, to: id, foreground: true)  // one that is stopped hears it only when it runs
    Loop.eventLoop.scheduleTask(in: .seconds(5)) {
      Loop.assumeIsolated {
        if self.end == nil { self.keeper.send(SIGKILL, to: self.id, foreground: false) }
        self.keeper.send(SIGKILL, to: self.id, foreground: true)
      }
    }
  }

  /// The keeper has seen its end.
  func ended(_ end: ProgramEnd) {
    guard self.end == nil else { return }
    self.end = end
    endSeen.wake()
    closeOnceQuiet()
  }

  /// A job left in the background may hold the terminal open for days. What the session was for is over: once nothing
  /// more is printed it is closed.
  private func closeOnceQuiet() {
    guard end != nil, stream != nil else { return }
    Loop.eventLoop.scheduleTask(in: .milliseconds(300)) {
      Loop.assumeIsolated {
        let isQuiet = !self.isPaused && self.quietSince + .milliseconds(250) < .now && !self.isReadable
        // Without a keeper nobody can end it but the kernel, when we let go of it.
        if isQuiet || self.end == .unknown { self.stream?.close() } else { self.closeOnceQuiet() }
      }
    }
  }

  /// A loop that was busy runs its timers before it reads: what was printed meanwhile still stands in the terminal.
  private var isReadable: Bool {
    var ready: CInt = 0
    return chost_poll([control], &ready, 1, 0) == 0 && ready != 0
  }
}
