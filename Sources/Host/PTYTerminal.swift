import CHost
import Core
import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A program on a pseudo-terminal of this machine.
@Loop
final class PTYTerminal: Terminal {
  private let stream: DescriptorStream
  private let inbox = Inbox<ByteBuffer>()
  private let reaper: Reaper
  /// Our own copy of the master: for sizes and signals, while the stream owns the other.
  private let control: CInt
  private let processID: pid_t
  private var isHungUp = false

  init(master: CInt, processID: pid_t) throws(CmdopError) {
    self.processID = processID
    control = fcntl(master, F_DUPFD_CLOEXEC, 0)
    setNonBlocking(master)
    reaper = try Reaper(processID)
    // A read of a terminal never gives more than 4 KiB.
    let inbox = inbox
    let stream = try DescriptorStream.open(master, reads: true, writes: true, piece: 4096) { bytes in
      if let bytes { inbox.push(bytes) } else { inbox.finish() }
    }
    inbox.whenHungry = { stream.pull() }
    self.stream = stream
  }

  deinit { close(control) }

  func read() async -> ByteBuffer? { (try? await inbox.next()) ?? nil }
  func write(_ bytes: ByteBuffer) async { await stream.write(bytes) }
  func resize(_ size: TerminalSize) { _ = chost_resize(control, size.rows, size.columns) }
  func end() async -> ProgramEnd { await reaper.wait() }

  func send(_ signal: SignalName) {
    let group = chost_foreground(control)
    if group > 1 { kill(-group, signal.number) }
  }

  func hangUp() {
    guard !isHungUp else { return }
    isHungUp = true
    if reaper.end == nil { kill(-processID, SIGHUP) }
    let foreground = chost_foreground(control)
    if foreground > 1 { kill(-foreground, SIGHUP) }
    let (id, reaper, stream) = (processID, reaper, stream)
    Loop.eventLoop.scheduleTask(in: .seconds(5)) {
      Loop.assumeIsolated {
        if reaper.end == nil { kill(-id, SIGKILL) }
        stream.close()  // whoever else holds the terminal open loses it now
      }
    }
  }
}

extension SignalName {
  /// This system's number.
  var number: CInt {
    switch self {
    case .interrupt: SIGINT
    case .terminate: SIGTERM
    case .kill: SIGKILL
    case .hangUp: SIGHUP
    case .quit: SIGQUIT
    case .stop: SIGTSTP
    case .go: SIGCONT
    case .user1: SIGUSR1
    case .user2: SIGUSR2
    }
  }
}
