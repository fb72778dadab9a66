import Connect
import Core
import Host
import NIOCore
import Wire

/// One command on one or several machines, and what is printed of it.
@Loop
final class ExecRun: Sendable {
  private let order: ExecCall.Order
  private let reach: Reach
  private let asJSON: Bool
  private let width: Int
  private let streams = StandardStreams()
  /// What --json keeps of each stream; more is an error that says so.
  private static let bound = 16 * 1024 * 1024
  /// As a shell reports a program that SIGPIPE has ended.
  private static let readerHasLeft: Int32 = 128 + 13

  init(order: ExecCall.Order, reach: Reach, asJSON: Bool, width: Int) {
    (self.order, self.reach, self.asJSON, self.width) = (order, reach, asJSON, width)
  }

  // MARK: one machine

  /// Passes everything through; the command's status.
  func single(_ host: String, input: Bool) async throws -> Int32 {
    if asJSON {
      let result = await result(host, input: input)
      Report.json(result.view)
      if let error = result.error, error.code != .cancelled { Report.failure(error, asJSON: false) }
      return result.status
    }
    let call = try await ExecCall.start(order, on: host, input: input, through: reach)
    let outcome: ExecCall.Outcome
    do {
      outcome = try await follow(call, input: input) { stream, bytes in
        await self.streams.write(bytes, to: stream == .stderr ? .stderr : .stdout)
      }
    } catch  where streams.isUnread(.stdout) || streams.isUnread(.stderr) { return Self.readerHasLeft }
    await streams.flush()
    try checkOutput()
    if outcome.timedOut {
      Report.note("error: the command on \(host) was ended after \(order.timeout.map { "\(Span($0))" } ?? "its time")")
      return 124
    }
    return outcome.status
  }

  /// What was lost on the way to a file must not look like success.
  private func checkOutput() throws(CmdopError) {
    for output in [StandardStreams.Output.stdout, .stderr] {
      if let failure = streams.failure(of: output) { throw failure }
    }
  }

  /// Feeds and follows a call. When it ends first, nobody waits for more input.
  private func follow(
    _ call: ExecCall, input: Bool,
    _ take: @escaping @Loop @Sendable (Cmdop_V1_CommandOutput.Stream, ByteBuffer) async -> Bool
  ) async throws -> ExecCall.Outcome {
    try await withTaskCancellationHandler {
      try await withThrowingTaskGroup(of: ExecCall.Outcome?.self) { group in
        group.addTask {
          try await call.follow { stream, bytes in
            // Nobody reads our output any more: as in a pipeline, the command ends.
            if await !take(stream, bytes) {
              try self.checkOutput()
              throw CmdopError(.cancelled, "nobody reads the output any more")
            }
          }
        }
        if input {
          group.addTask {
            try await call.feed { try await self.streams.read() }
            return nil
          }
        }
        defer { group.cancelAll() }
        for try await outcome in group { if let outcome { return outcome } }
        throw CmdopError(.cancelled, "cancelled")
      }
    } onCancel: {
      Loop.enqueue { call.cancel() }
    }
  }

  // MARK: several machines

  /// Results as they come; with --json one array in the order asked. 0 when all are, else the highest status.
  func several(_ hosts: [String]) async throws -> Int32 {
    let hosts = hosts.enumerated().filter { hosts.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    var results: [String: HostResult] = [:]
    await withTaskGroup(of: (String, HostResult).self) { group in
      var waiting = hosts[...]
      func next() {
        // Given up is given up: whoever had not begun does not begin now.
        guard !Task.isCancelled, let host = waiting.popFirst() else { return }
        group.addTask { (host, await self.result(host, input: false)) }
      }
      for _ in 0..<width { next() }
      for await (host, result) in group {
        results[host] = result
        if !asJSON { await show(result) }
        next()
      }
    }
    let inOrder = hosts.map { results[$0] ?? HostResult(notBegunOn: $0, order.arguments) }
    if asJSON { Report.json(inOrder.map(\.view)) }
    await streams.flush()
    let failed = inOrder.filter { $0.status != 0 }
    Report.note(
      "\(inOrder.count - failed.count) of \(inOrder.count) machines: ok"
        + (failed.isEmpty ? "" : ", \(failed.count) failed"))
    return inOrder.map(\.status).max() ?? 0
  }

  private func show(_ result: HostResult) async {
    for (text, output) in [(result.stdout, StandardStreams.Output.stdout), (result.stderr, .stderr)] {
      for line in text.split(separator: UInt8(ascii: "\n")) {
        var bytes = ByteBuffer(string: "\(result.host): ")
        bytes.writeBytes(line)
        bytes.writeString("\n")
        await streams.write(bytes, to: output)
      }
    }
    if let error = result.error {
      await streams.write(ByteBuffer(string: "\(result.host): error: \(OneLine.of(error.message))\n"), to: .stderr)
    } else if result.status != 0 {
      await streams.write(ByteBuffer(string: "\(result.host): exit \(result.status)\n"), to: .stderr)
    }
  }

  private func result(_ host: String, input: Bool) async -> HostResult {
    var result = HostResult(host: host, command: order.arguments)
    let kept = Kept()
    do {
      let call = try await ExecCall.start(order, on: host, input: input, through: reach)
      let outcome = try await follow(call, input: input) { stream, bytes in
        if stream == .stderr {
          kept.stderr.writeImmutableBuffer(bytes)
        } else {
          kept.stdout.writeImmutableBuffer(bytes)
        }
        return kept.stdout.readableBytes <= Self.bound && kept.stderr.readableBytes <= Self.bound
      }
      (result.status, result.timedOut) = (outcome.timedOut ? 124 : outcome.status, outcome.timedOut)
      (result.milliseconds, result.machineID) = (outcome.milliseconds, call.machine?.id ?? "")
      result.hostname = call.machine?.hostname ?? ""
    } catch {
      let isFull = kept.stdout.readableBytes > Self.bound || kept.stderr.readableBytes > Self.bound
      result.error =
        isFull
        ? CmdopError(
          .limit, "the output of \(host) is larger than \(Self.bound) bytes",
          hint: "cmdop exec HOST -- COMMAND   # without --json it streams")
        : Task.isCancelled ? CmdopError(.cancelled, "cancelled") : CmdopError(anything: error)
      result.status = result.error?.code == .cancelled ? 130 : 255
    }
    (result.stdout, result.stderr) = (Array(kept.stdout.readableBytesView), Array(kept.stderr.readableBytesView))
    return result
  }

  @Loop private final class Kept: Sendable { var (stdout, stderr) = (ByteBuffer(), ByteBuffer()) }
}

/// What became of the command on one machine.
struct HostResult: Sendable {
  let host: String
  let command: [String]
  var status: Int32 = 255
  var milliseconds: UInt64 = 0
  var timedOut = false
  var stdout: [UInt8] = []
  var stderr: [UInt8] = []
  var error: CmdopError?
  var machineID = ""
  var hostname = ""

  init(host: String, command: [String]) { (self.host, self.command) = (host, command) }

  /// It was given up before its turn came.
  init(notBegunOn host: String, _ command: [String]) {
    self.init(host: host, command: command)
    (status, error) = (130, CmdopError(.cancelled, "cancelled before it was begun"))
  }

  struct View: Encodable {
    let machine_id, hostname: String
    let command: [String]
    let exit_code: Int32
    let stdout, stderr: String
    let duration_ms: UInt64
    let timed_out: Bool
    let error: Failure?
    struct Failure: Encodable { let code, message: String, hint: String? }
  }

  var view: View {
    View(
      machine_id: machineID, hostname: hostname.isEmpty ? host : hostname, command: command, exit_code: status,
      stdout: String(decoding: stdout, as: UTF8.self), stderr: String(decoding: stderr, as: UTF8.self),
      duration_ms: milliseconds, timed_out: timedOut,
      error: error.map { .init(code: $0.code.rawValue, message: $0.message, hint: $0.hint) })
  }
}
