public import Core
import Host
import NIOCore
public import Wire

/// Sessions as objects: looked at and changed without attaching.
public struct SessionClient: Sendable {
  private let reach: Reach
  public init(_ reach: Reach) { self.reach = reach }

  /// Starts one and leaves it alone.
  public func create(
    on machine: String, _ beginning: SessionBeginning, size: TerminalSize
  ) async throws(CmdopError) -> Cmdop_V1_SessionStarted {
    let start = Cmdop_V1_StartSessionCommand.filled {
      beginning.fill(&$0)
      ($0.rows, $0.columns, $0.detached) = (UInt32(size.rows), UInt32(size.columns), true)
      $0.clientID = newIdentifier()
    }
    var found: Cmdop_V1_SessionStarted?
    try await ask(ControlMessage(.startSession(start), to: machine)) { message in
      if case .started(let started) = message.payload { found = started }
    }
    guard let found else { throw CmdopError(.unsupported, "the machine did not say what it has started") }
    return found
  }

  /// What a machine knows of one of its sessions, after `change` if there is one.
  public func details(
    _ session: String, on machine: String, change: Cmdop_V1_SessionRequest.OneOf_Ask? = nil
  ) async throws(CmdopError) -> Cmdop_V1_SessionDetails {
    let request = Cmdop_V1_SessionRequest.filled { ($0.session, $0.ask) = (session, change) }
    var found: Cmdop_V1_SessionDetails?
    try await ask(ControlMessage(.sessionRequest(request), to: machine)) { message in
      if case .sessionDetails(let details) = message.payload { found = details }
    }
    guard let found else { throw CmdopError(.unsupported, "the machine did not say what it knows of the session") }
    return found
  }

  /// Its contents; `take` gets them piece by piece.
  public func save(
    _ session: String, on machine: String, asText: Bool, take: ([UInt8]) -> Void
  ) async throws(CmdopError) {
    let request = Cmdop_V1_SessionRequest.filled { ($0.session, $0.save) = (session, asText ? .text : .asciicast) }
    try await ask(ControlMessage(.sessionRequest(request), to: machine)) { message in
      if case .saved(let piece) = message.payload { take(piece.bytes) }
    }
  }

  /// Ends a session and the programs in it.
  public func destroy(_ session: String, on machine: String) async throws(CmdopError) {
    try await ask(ControlMessage(.destroySession(.filled { $0.session = session }), to: machine)) { _ in }
  }

  private func ask(_ first: ControlMessage, _ take: (AgentMessage) -> Void) async throws(CmdopError) {
    let call = try await reach.open(first)
    var isOver = false
    do {
      while let message = try await call.receive() {
        if case .ended(let ended) = message.payload {
          isOver = true
          if case .failure(let failure)? = ended.how { throw failure.error }
        }
        take(message)
      }
    } catch { throw CmdopError(error) }
    if !isOver {
      throw CmdopError(.connectionLost, "the machine did not finish its answer", hint: "cmdop session list")
    }
  }
}
