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

/// The pipes between us and a program, both ends of each.
struct ProgramPipes {
  /// 0, 1, 2 of the child.
  let childEnds: [CInt]
  /// Ours; -1 where the child has /dev/null.
  let input: CInt
  let output: CInt
  let error: CInt

  init(input: Bool) throws(CmdopError) {
    var opened: [CInt] = []
    func pair() throws(CmdopError) -> (read: CInt, write: CInt) {
      var ends: [CInt] = [-1, -1]
      let failure = chost_pipe(&ends)
      guard failure == 0 else {
        for descriptor in opened { close(descriptor) }
        throw systemError(failure, "no pipe for a command")
      }
      opened += ends
      return (ends[0], ends[1])
    }
    let (out, err) = (try pair(), try pair())
    var (childInput, ownInput) = (CInt(-1), CInt(-1))
    if input {
      (childInput, ownInput) = try pair()
    } else if chost_open("/dev/null", 0, &childInput) != 0 {
      for descriptor in opened { close(descriptor) }
      throw CmdopError(.internalError, "/dev/null cannot be opened")
    }
    childEnds = [childInput, out.write, err.write]
    (self.input, output, error) = (ownInput, out.read, err.read)
  }

  func closeChildEnds() { for descriptor in childEnds { close(descriptor) } }
  func closeOwnEnds() { for descriptor in [input, output, error] where descriptor >= 0 { close(descriptor) } }
}

/// A command with three pipes and a process group of its own.
@Loop
final class PipedProgram: Program {
  nonisolated let processID: Int32
  private let reaper: Reaper
  /// Goes with us; held, because until then the number of the group is nobody else's.
  private let guardian: Guardian?
  private let inbox = Inbox<ProgramEvent>()
  private var input: DescriptorStream?
  private var streams: [DescriptorStream] = []
  private var openStreams = 2
  private var hasAsked = false
  private var patience: Scheduled<Void>?

  convenience init(processID: pid_t, pipes: ProgramPipes) throws(CmdopError) {
    try self.init(processID, pipes, Reaper(processID), nil)
  }

  /// One that ends with this process, however that ends.
  convenience init(_ guardian: Guardian, pipes: ProgramPipes) throws(CmdopError) {
    try self.init(guardian.leader, pipes, Reaper(guardian), guardian)
  }

  private init(
    _ processID: pid_t, _ pipes: ProgramPipes, _ reaper: Reaper, _ guardian: Guardian?
  ) throws(CmdopError) {
    (self.processID, self.reaper, self.guardian) = (processID, reaper, guardian)
    for descriptor in [pipes.input, pipes.output, pipes.error] where descriptor >= 0 { setNonBlocking(descriptor) }
    // Pipes hold 64 KiB; a read of 32 KiB is what one message carries.
    for (descriptor, event) in [(pipes.output, ProgramEvent.stdout), (pipes.error, ProgramEvent.stderr)] {
      streams.append(
        try DescriptorStream.open(descriptor, reads: true, writes: false, piece: 32 * 1024) { [weak self] bytes in
          self?.took(bytes.map(event))
        })
    }
    if pipes.input >= 0 {
      input = try DescriptorStream.open(pipes.input, reads: false, writes: true, piece: 1) { _ in }
    }
    inbox.whenHungry = { [weak self] in self?.pull() }
    reaper.whenEnded = { [weak self] in self?.check() }
  }

  deinit { patience?.cancel() }

  func next() async -> ProgramEvent? { (try? await inbox.next()) ?? nil }
  func write(_ bytes: ByteBuffer) async { _ = await input?.write(bytes) }

  func closeInput() {
    input?.closeWhenWritten()
    input = nil
  }

  /// The group outlives its leader as long as something runs in it; so long its number is nobody else's.
  func send(_ signal: SignalName) { kill(-processID, signal.number) }

  private func pull() {
    hasAsked = true
    for stream in streams { stream.pull() }
    check()
  }

  private func took(_ event: ProgramEvent?) {
    patience?.cancel()
    patience = nil
    if let event { inbox.push(event) } else { openStreams -= 1 }
    check()
  }

  /// A machine that is so busy that we come late must not lose what stands in the pipes: they are looked at once more.
  private func lastLook() {
    patience = Loop.eventLoop.scheduleTask(in: .milliseconds(50)) {
      Loop.assumeIsolated { for stream in self.streams { stream.close() } }
    }
  }

  /// It is over when the program has ended and both pipes are empty. Something it left running may hold a pipe open for
  /// ever: then it is over once nothing has come for a second although we were asking. Before we asked, nothing was read.
  private func check() {
    guard let end = reaper.end else { return }
    if openStreams == 0 {
      inbox.push(.ended(end))
      inbox.finish()
      input?.close()
    } else if hasAsked && inbox.isEmpty && patience == nil {
      patience = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { self.lastLook() } }
    }
  }
}
