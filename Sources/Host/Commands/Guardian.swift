import CHost
import Core
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A guard process (CHost/guard.c) over a program, and the way to it: when this process ends, however it ends, so does the
/// program.
final class Guardian: Sendable {
  let id: pid_t
  /// The program: leader of its session and of its group.
  let leader: pid_t
  /// Readable: the guard's words. To be closed by whoever reads it.
  let report: CInt
  private let control: Mutex<CInt>

  /// Blocks for the millisecond that starting takes. `ends`: 0, 1, 2 of the program; they stay the caller's. `gently`: see
  /// chost_guard.
  init(
    _ path: String, _ words: [String], _ variables: [String], folder: CInt, ends: [CInt], gently: Bool
  ) throws(CmdopError) {
    let orders = try Self.pipe()
    let reports: (read: CInt, write: CInt)
    do throws(CmdopError) { reports = try Self.pipe() } catch {
      for descriptor in [orders.read, orders.write] { close(descriptor) }
      throw error
    }
    var id: pid_t = 0
    let failure = withCStrings(words) { words in
      withCStrings(variables) { variables in
        chost_guard(path, words, variables, folder, ends, orders.read, reports.write, gently ? 1 : 0, &id)
      }
    }
    for descriptor in [orders.read, reports.write] { close(descriptor) }
    let word = failure == 0 ? Self.read(reports.read) : nil
    guard let word, word.kind == CHOST_GUARD_STARTED else {
      for descriptor in [orders.write, reports.read] { close(descriptor) }
      if failure == 0 { Self.bury(id) }
      let reason = failure != 0 ? failure : word?.value ?? EIO
      if reason == ENOENT { throw CmdopError(.notFound, "command not found: \(OneLine.of(path))") }
      throw systemError(reason, "cannot run \(OneLine.of(path))")
    }
    (self.id, leader, report) = (id, word.value, reports.read)
    control = Mutex(orders.write)
  }

  deinit { release() }

  /// The guard goes once it has seen to its program; no signal to that program's group after this.
  func release() {
    control.withLock { control in
      if control >= 0 { close(control) }
      control = -1
    }
  }

  /// What the guard says next. Blocks; nil when it is gone.
  static func read(_ report: CInt) -> chost_guard_word? {
    var word = chost_guard_word()
    let size = MemoryLayout<chost_guard_word>.size
    while true {
      let count = withUnsafeMutableBytes(of: &word) { systemRead(report, $0.baseAddress, size) }
      if count == size { return word }
      guard count < 0 && errno == EINTR else { return nil }
    }
  }

  /// Waits for a guard that has nothing to do any more.
  static func bury(_ id: pid_t) {
    kill(id, SIGKILL)
    wait(for: id)
  }

  static func wait(for id: pid_t) {
    var (code, signal) = (CInt(0), CInt(0))
    _ = chost_wait(id, &code, &signal)
  }

  private static func pipe() throws(CmdopError) -> (read: CInt, write: CInt) {
    var ends: [CInt] = [-1, -1]
    let failure = chost_pipe(&ends)
    guard failure == 0 else { throw systemError(failure, "no pipe for a command") }
    return (ends[0], ends[1])
  }
}

extension ProgramEnd {
  init(_ word: chost_guard_word) {
    self = word.kind == CHOST_GUARD_EXITED ? .exited(code: word.value) : .signalled(number: word.value)
  }
}

private func systemRead(_ descriptor: CInt, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, bytes, count)
}
