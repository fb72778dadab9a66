import CHost
import Foundation

/// A process that was started. Threads of its own collect what it prints and wait for its end.
///
/// Not Foundation's Process: it lets descriptors of one child slip into another that starts at the same time, and a
/// pipe that a daemon holds open never ends.
final class Running: Sendable {
  enum Input: Sendable {
    case none
    case bytes(Data)
    /// A pipe that stays open and brings nothing.
    case open
  }
  enum Output: Sendable {
    case collected
    /// A pipe that nobody reads.
    case unread
    /// Both streams, each appended to a file.
    case files(out: String, error: String)
  }

  let pid: pid_t
  private let words: [String]
  private let state: Locked<State>
  private struct State {
    var (out, err) = (Data(), Data())
    /// Streams that have not ended yet.
    var open = 0
    var end: Int32?
    var peak = 0
    /// Our ends of pipes that stay open.
    var kept: [CInt] = []
  }

  init(
    _ binary: String, _ words: [String], _ environment: [String: String], input: Input = .none,
    output: Output = .collected
  ) throws {
    _ = Self.brokenPipesAreErrors
    var (mine, theirs): ([CInt], [CInt]) = ([-1, -1, -1], [-1, -1, -1])
    for number in 0...2 {
      switch (number, input, output) {
      case (0, .none, _): theirs[0] = Self.descriptor("/dev/null", O_RDONLY)
      case (1..., _, .files(let out, let error)):
        theirs[number] = Self.descriptor(number == 1 ? out : error, O_WRONLY | O_CREAT | O_APPEND)
      default:
        var ends: [CInt] = [-1, -1]
        guard chost_pipe(&ends) == 0 else { throw StillNotSo(description: "no pipe: \(errno)") }
        (theirs[number], mine[number]) = number == 0 ? (ends[0], ends[1]) : (ends[1], ends[0])
      }
    }
    defer { for descriptor in theirs { close(descriptor) } }
    var pid: pid_t = 0
    let argv = ([binary] + words).map { strdup($0) } + [nil]
    let envp = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    let failure = chost_spawn(binary, argv, envp, nil, theirs, &pid)
    guard failure == 0 else { throw StillNotSo(description: "\(binary) did not start: error \(failure)") }
    (self.pid, self.words, state) = (pid, words, Locked(State()))
    feed(mine[0], input)
    if case .collected = output {
      state.change { $0.open = 2 }
      collect(mine[1], pid) { $0.out.append($1) }
      collect(mine[2], pid) { $0.err.append($1) }
    } else if case .unread = output {
      state.change { $0.kept += [mine[1], mine[2]] }
    }
    let state = state
    Thread.detachNewThread { [pid] in
      var (code, signal) = (CInt(0), CInt(0))
      _ = chost_wait(pid, &code, &signal)
      state.change { $0.end = signal == 0 ? code : 128 + signal }
    }
  }

  var isRunning: Bool { state.value.end == nil }
  var printed: String { String(decoding: state.value.out, as: UTF8.self) }
  /// The most memory it used while it printed, in KiB.
  var peakKiB: Int { state.value.peak }

  func signal(_ number: Int32) { state.change { if $0.end == nil { kill(pid, number) } } }

  /// Waits for its end; ends it when that takes too long.
  func outcome(limit: Double = 60) async throws -> Street.Outcome {
    do {
      try await eventually(
        "the end of: \(words.joined(separator: " ").prefix(200))", within: limit,
        detail: { "it printed: \(self.printed.suffix(1000))\n\(String(decoding: self.state.value.err, as: UTF8.self))" }
      ) { state.value.end != nil && state.value.open == 0 }
    } catch {
      dismiss()
      throw error
    }
    let all = state.value
    return Street.Outcome(
      status: all.end ?? -1, stdout: all.out, stderr: String(decoding: all.err, as: UTF8.self))
  }

  /// Ends it at once.
  func dismiss() {
    signal(SIGKILL)
    for descriptor in state.change({ state in
      defer { state.kept = [] }; return state.kept
    }) { close(descriptor) }
  }

  private func feed(_ pipe: CInt, _ input: Input) {
    switch input {
    case .none: break
    case .open: state.change { $0.kept.append(pipe) }
    case .bytes(let data):
      Thread.detachNewThread {
        var rest = data[...]
        while !rest.isEmpty {
          let count = rest.withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
          if count <= 0 { break }
          rest = rest.dropFirst(count)
        }
        close(pipe)
      }
    }
  }

  private func collect(_ pipe: CInt, _ pid: pid_t, _ take: @escaping @Sendable (inout State, Data) -> Void) {
    let state = state
    Thread.detachNewThread {
      var piece = [UInt8](repeating: 0, count: 65_536)
      var untilLook = 0
      while case let count = read(pipe, &piece, piece.count), count > 0 {
        state.change { take(&$0, Data(piece[..<count])) }
        untilLook -= count
        guard untilLook <= 0 else { continue }
        untilLook = 4_000_000
        let peak = ProcessTable.peakKiB(pid)
        state.change { $0.peak = max($0.peak, peak) }
      }
      close(pipe)
      state.change { $0.open -= 1 }
    }
  }

  private static func descriptor(_ path: String, _ flags: CInt) -> CInt { open(path, flags | O_CLOEXEC, 0o600) }
  /// Writing to a child that has ended must not end the tests.
  private static let brokenPipesAreErrors: Void = { ignoreBrokenPipes() }()
}

private func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
