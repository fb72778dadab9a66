public import Core
public import NIOCore
public import Wire

/// One command on one machine.
@Loop
public final class ExecCall: Sendable {
  public struct Order: Sendable {
    public var arguments: [String]
    public var environment: [String: String] = [:]
    public var directory = ""
    /// nil: no limit.
    public var timeout: Duration?

    public init(arguments: [String]) { self.arguments = arguments }
  }

  public struct Outcome: Sendable {
    /// As a shell reports it.
    public let status: Int32
    /// The signal that ended it; 0: none.
    public let signal: Int32
    public let timedOut: Bool
    /// On the machine.
    public let milliseconds: UInt64
  }

  private let call: Operation
  /// Where it runs, once it does.
  public private(set) var machine: (id: String, hostname: String)?

  /// Starts it. `input`: standard input will be fed.
  public static func start(
    _ order: Order, on machine: String, input: Bool, through reach: Reach
  ) async throws(CmdopError) -> ExecCall {
    let run = Cmdop_V1_RunCommand.filled {
      $0.arguments = order.arguments
      $0.environment = order.environment
      $0.directory = order.directory
      $0.timeoutMs = order.timeout.map { UInt64(max(1, $0 / .milliseconds(1))) } ?? 0
      $0.input = input
    }
    return ExecCall(try await reach.open(ControlMessage(.runCommand(run), to: machine)))
  }

  private init(_ call: Operation) { self.call = call }

  /// Follows it to its end. Throws what went wrong on the way; `connection_lost` when nobody said how it ended.
  public func follow(
    _ output: @Loop (Cmdop_V1_CommandOutput.Stream, ByteBuffer) async throws -> Void
  ) async throws(CmdopError) -> Outcome {
    do {
      while let message = try await call.receive() {
        switch message.payload {
        case .commandStarted(let started): machine = (started.machineID, started.hostname)
        case .commandOutput(let piece): try await output(piece.stream, piece.bytes)
        case .ended(let ended): return try outcome(ended)
        default: break
        }
      }
    } catch {
      let error = CmdopError(error)
      call.cancel()
      guard error.code == .connectionLost else { throw error }
    }
    throw CmdopError(
      .connectionLost, "the connection to the machine was lost while the command ran; the machine ends what it started",
      hint: "cmdop machines")
  }

  private func outcome(_ ended: Cmdop_V1_OperationEnded) throws(CmdopError) -> Outcome {
    switch ended.how {
    case .exitCode(let code):
      Outcome(status: code, signal: 0, timedOut: ended.timedOut, milliseconds: ended.durationMs)
    case .signal(let signal):
      Outcome(
        status: 128 + min(max(signal, 0), 127), signal: signal, timedOut: ended.timedOut, milliseconds: ended.durationMs
      )
    case .failure(let failure): throw failure.error
    default: throw CmdopError(.unsupported, "the machine ended the command in a way this client does not know")
    }
  }

  /// Feeds standard input from `source` until it gives nil, as fast as the program reads. Throws what `source` throws:
  /// then the program must not take what it got for all there is.
  public func feed(_ source: @Loop () async throws -> ByteBuffer?) async throws {
    var offset: UInt64 = 0
    while var bytes = try await source() {
      while bytes.readableBytes > 0, let piece = bytes.readSlice(length: min(bytes.readableBytes, Limits.piece)) {
        guard (try? call.send(ControlMessage(.sendInput(.init(offset: offset, bytes: piece))))) != nil,
          (try? await call.waitUntilWritable()) != nil
        else { return }
        offset += UInt64(piece.readableBytes)
      }
    }
    try? call.send(ControlMessage(.inputEnd(.filled { $0.offset = offset })))
  }

  /// Gives up: the machine ends the command's process group.
  public func cancel() { call.cancel() }
}
