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

/// The daemon's end of one connection to a keeper: requests out, answers and events in. What the terminals are is
/// `TerminalKeeper`'s business.
@Loop
final class KeeperLink {
  enum Answer {
    /// What came before the last frame, with a descriptor each, then the last one. `descriptor` is -1 where none came.
    case frames([Received])
    /// The keeper is gone, or might as well be.
    case lost
  }

  struct Received {
    let frame: KeeperFrame
    let descriptor: CInt
  }

  private(set) var isOpen = true
  /// A frame that nobody has asked for.
  var whenTold: (@Loop (KeeperFrame) -> Void)?
  /// Told once, when the connection has ended.
  var whenLost: (@Loop () -> Void)?
  private let socket: CInt
  private var unsent: [UInt8] = []
  private var received: [UInt8] = []
  private var descriptors: [CInt] = []
  private var waiting: [UInt32: Question] = [:]
  private var lastTag: UInt32 = 0

  private struct Question {
    let then: @Loop (Answer) -> Void
    let alarm: Scheduled<Void>
    var frames: [Received] = []
  }

  /// To the keeper that serves at `path`; nil when none does. Throws `unavailable` when one does, but not now.
  static func open(_ path: String) throws(CmdopError) -> KeeperLink? {
    var socket: CInt = -1
    switch chost_connect_unix(path, &socket) {
    case 0: break
    case ENOENT, ECONNREFUSED, ENOTDIR: return nil
    case EAGAIN: throw CmdopError(.unavailable, "the keeper at \(path) takes no more connections", hint: "try again")
    case let failure: throw systemError(failure, "cannot reach the keeper at \(path)")
    }
    guard KeeperRole.admits(peerUser(ofSocket: socket), owner: getuid()) else {
      close(socket)
      throw CmdopError(.denied, "the keeper at \(path) belongs to another user")
    }
    let link = KeeperLink(socket)
    do {
      try SocketReader.start(socket) { [weak link] bytes, descriptor in
        if let link { return link.came(bytes, descriptor) }
        if descriptor >= 0 { close(descriptor) }
        if bytes == nil { close(socket) }
      }
    } catch {
      close(socket)
      throw error
    }
    return link
  }

  private init(_ socket: CInt) { self.socket = socket }

  // The reader wakes up, and what it then reports closes the socket: nobody else may use the number before.
  deinit { if isOpen { shutdown(socket, CInt(SHUT_RDWR)) } }

  // MARK: asking

  /// Sends a request. `then` gets its answer, at the latest after 10 s.
  func ask(_ kind: KeeperFrame.Kind, _ body: KeeperWriter = KeeperWriter(), then: @escaping @Loop (Answer) -> Void) {
    guard isOpen else { return then(.lost) }
    lastTag = lastTag == .max ? 1 : lastTag + 1  // 0 is for what was not asked
    let alarm = Loop.eventLoop.scheduleTask(in: .seconds(10)) {
      Loop.assumeIsolated { self.end() }  // one that does not answer is as good as gone
    }
    waiting[lastTag] = Question(then: then, alarm: alarm)
    send(KeeperFrame(kind, tag: lastTag, body.bytes))
  }

  /// The same for those who can wait. `read` sees the answer at once, before anything that the keeper said after it: a
  /// program may end as soon as it was started. Throws `unavailable` when the keeper is gone.
  func ask<T>(
    _ kind: KeeperFrame.Kind, _ body: KeeperWriter = KeeperWriter(), read: @escaping @Loop ([Received]) -> T
  ) async throws(CmdopError) -> T {
    let answer: T? = await withCheckedContinuation { continuation in
      ask(kind, body) { answer in
        if case .frames(let frames) = answer {
          continuation.resume(returning: read(frames))
        } else {
          continuation.resume(returning: nil)
        }
      }
    }
    guard let answer else {
      throw CmdopError(.unavailable, "the keeper of this machine's terminals is gone", hint: "try again")
    }
    return answer
  }

  /// Nothing more is asked or heard.
  func end() {
    guard isOpen else { return }
    shutdown(socket, CInt(SHUT_RDWR))
    lost()
  }

  private func send(_ frame: KeeperFrame) {
    unsent += frame.bytes
    if unsent.count == frame.bytes.count { flush() }
  }

  private func flush() {
    while isOpen, !unsent.isEmpty {
      var count = 0
      let failure = unsent.withUnsafeBytes { chost_send(socket, $0.baseAddress, $0.count, -1, &count) }
      if failure == EAGAIN {
        // Only a huge environment fills the buffer, and the keeper empties it at once.
        Loop.eventLoop.scheduleTask(in: .milliseconds(1)) { Loop.assumeIsolated { self.flush() } }
        return
      }
      guard failure == 0 else { return end() }
      unsent.removeFirst(count)
    }
  }

  // MARK: hearing

  /// nil: the other side has closed, or we have.
  private func came(_ bytes: [UInt8]?, _ descriptor: CInt) {
    guard let bytes else {
      close(socket)
      return lost()
    }
    guard isOpen else {
      if descriptor >= 0 { close(descriptor) }
      return
    }
    if descriptor >= 0 { descriptors.append(descriptor) }
    received += bytes
    var intact = true
    while isOpen, let frame = KeeperFrame.take(from: &received, intact: &intact) { came(frame) }
    if !intact { end() }
  }

  private func came(_ frame: KeeperFrame) {
    guard frame.tag != 0 else {
      whenTold?(frame)
      return
    }
    // Descriptors come with these kinds only, and in their order.
    let carries = frame.kind == KeeperFrame.Kind.spawned.rawValue || frame.kind == KeeperFrame.Kind.kept.rawValue
    let descriptor = carries && !descriptors.isEmpty ? descriptors.removeFirst() : -1
    guard waiting[frame.tag] != nil else {
      if descriptor >= 0 { close(descriptor) }
      return
    }
    waiting[frame.tag]?.frames.append(Received(frame: frame, descriptor: descriptor))
    if frame.kind == KeeperFrame.Kind.kept.rawValue { return }
    guard let question = waiting.removeValue(forKey: frame.tag) else { return }
    question.alarm.cancel()
    question.then(.frames(question.frames))
  }

  private func lost() {
    guard isOpen else { return }
    isOpen = false
    let questions = waiting.values
    for descriptor in descriptors + questions.flatMap(\.frames).map(\.descriptor) where descriptor >= 0 {
      close(descriptor)
    }
    (waiting, descriptors) = ([:], [])
    for question in questions {
      question.alarm.cancel()
      question.then(.lost)
    }
    whenLost?()
    (whenLost, whenTold) = (nil, nil)
  }
}
