public import Core
import CHost
import Dispatch
public import NIOCore
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// This process's standard input, output and error as byte streams.
///
/// They are read and written by threads that may block: O_NONBLOCK lives in the open file, which the shell that started
/// us shares, and files cannot be polled at all.
@Loop
public final class StandardStreams: Sendable {
  public enum Output: CInt, Sendable {
    case stdout = 1
    case stderr = 2
  }

  private let inbox = Inbox<ByteBuffer>()
  private let reading = DispatchQueue(label: "stdin")
  private let writing = DispatchQueue(label: "stdout")
  private let room = Turnstile()
  private var pending = 0
  private var broken: [CInt: CInt] = [:]
  /// Bytes that wait for a slow reader of ours; then the sender waits.
  private static let bound = 1024 * 1024

  /// Where standard output goes.
  private let output: CInt

  /// `claimsOutput`: standard output is this object's alone from now on; what anybody else writes to descriptor 1 goes to standard
  /// error. For protocols that speak over it.
  public init(claimsOutput: Bool = false) {
    let own = claimsOutput ? fcntl(1, F_DUPFD_CLOEXEC, 3) : -1
    output = own >= 0 && dup2(2, 1) >= 0 ? own : 1
    inbox.whenHungry = { [weak self] in self?.pull() }
  }

  public nonisolated static func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

  /// Whether it leads to another program: a pipe or a socket.
  public nonisolated static func isPipe(_ descriptor: CInt) -> Bool {
    var facts = stat()
    return fstat(descriptor, &facts) == 0 && [S_IFIFO, S_IFSOCK].contains(facts.st_mode & S_IFMT)
  }

  /// Whether somebody has put something behind standard input: a pipe, a socket or a file, but no terminal and no device.
  public nonisolated static var inputIsGiven: Bool {
    var facts = stat()
    guard fstat(0, &facts) == 0 else { return false }
    return [S_IFIFO, S_IFREG, S_IFSOCK].contains(facts.st_mode & S_IFMT)
  }

  /// Whether bytes wait there. Programs that were started together with us have a moment to write theirs; an empty pipe that
  /// somebody merely left open is none.
  public nonisolated static func inputHasBytes() async -> Bool {
    guard inputIsGiven else { return false }
    let end = ContinuousClock.now + .milliseconds(200)
    while true {
      var count: CInt = 0
      if chost_pending(0, &count) == 0 && count > 0 { return true }
      // Ready and nothing in it: that is its end.
      var ready: [CInt] = [0]
      guard chost_poll([0], &ready, 1, 0) == 0, ready[0] == 0, ContinuousClock.now < end else { return false }
      guard (try? await Task.sleep(for: .milliseconds(5))) != nil else { return false }
    }
  }

  /// Columns of the terminal at standard output, 80 if there is none.
  public nonisolated static var columns: Int {
    var size = winsize()
    return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// The next bytes of standard input, nil at its end. Throws when it cannot be read: its end is not known then.
  public func read() async throws -> ByteBuffer? { try await inbox.next() }

  private func pull() {
    reading.async { [inbox] in
      var piece = [UInt8](repeating: 0, count: Limits.piece)
      var count = -1
      while true {
        count = systemRead(0, &piece, piece.count)
        if count >= 0 || errno != EINTR && errno != EAGAIN { break }
        if errno == EAGAIN {  // somebody has made it non-blocking: wait as if nobody had
          var ready: [CInt] = [0]
          _ = chost_poll([0], &ready, 1, -1)
        }
      }
      let failure = count < 0 ? systemError(errno, "standard input cannot be read") : nil
      let bytes = ByteBuffer(bytes: piece.prefix(max(0, count)))
      Loop.enqueue { if bytes.readableBytes > 0 { inbox.push(bytes) } else { inbox.finish(failure) } }
    }
  }

  /// Returns once the bytes are on their way, or wait among at most 1 MiB. False when nobody reads that output any more.
  @discardableResult
  public func write(_ bytes: ByteBuffer, to output: Output) async -> Bool {
    let descriptor = output == .stdout ? self.output : output.rawValue
    if broken[descriptor] != nil { return false }
    let count = bytes.readableBytes
    pending += count
    writing.async {
      let failure = bytes.withUnsafeReadableBytes { writeAll($0, to: descriptor) }
      Loop.enqueue {
        self.pending -= count
        if failure != 0 && self.broken[descriptor] == nil { self.broken[descriptor] = failure }
        self.room.wake()
      }
    }
    if pending > Self.bound { try? await room.wait { pending <= Self.bound } }
    return broken[descriptor] == nil
  }

  /// Why an output could not be written; nil when all is well, and when its reader has merely left (`| head`).
  public func failure(of output: Output) -> CmdopError? {
    guard let number = broken[output.rawValue], number != EPIPE else { return nil }
    return systemError(number, "\(output) cannot be written")
  }

  /// Whether the reader of an output has left (`| head`).
  public func isUnread(_ output: Output) -> Bool { broken[output.rawValue] == EPIPE }

  /// Returns when all that was written has gone out.
  public func flush() async { try? await room.wait { pending == 0 } }

  /// At once, blocking: for log lines and last words.
  public nonisolated static func writeError(_ bytes: [UInt8]) {
    _ = bytes.withUnsafeBytes { writeAll($0, to: 2) }  // there is nobody to tell
  }

  /// At once, blocking: for results of commands. False when nobody reads.
  @discardableResult
  public nonisolated static func writeOutput(_ bytes: [UInt8]) -> Bool {
    let failure = bytes.withUnsafeBytes { writeAll($0, to: 1) }
    if failure != 0 && failure != EPIPE { outputFailure.withLock { $0 = failure } }
    return failure == 0
  }

  private nonisolated static let outputFailure = Mutex<CInt>(0)

  /// Throws when a result could not be written, and not because its reader has left.
  public nonisolated static func checkOutput() throws(CmdopError) {
    let failure = outputFailure.withLock { $0 }
    if failure != 0 { throw systemError(failure, "standard output cannot be written") }
  }

  /// One line of standard input, blocking; for questions at a terminal.
  public nonisolated static func readLine() -> String? { Swift.readLine() }
}

private func systemRead(_ file: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(file, bytes, count)
}

/// 0, or an errno.
private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> CInt {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
    if count > 0 {
      done += count
    } else if errno == EAGAIN {
      // Somebody else made the shared file non-blocking.
      var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      poll(&wish, 1, 1000)
    } else if errno != EINTR {
      return errno
    }
  }
  return 0
}
