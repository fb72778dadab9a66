public import Core
public import Wire

/// An operation on a machine.
@Loop
public final class Operation: Sendable {
  private let call: CallStream
  private var heard: Result<AgentMessage?, CmdopError>?

  /// Says what it is.
  init(_ call: CallStream, _ first: ControlMessage) throws(CmdopError) {
    self.call = call
    try call.send(first)
  }

  /// Hears what the other side says first, and keeps it for `receive`. Up to here nothing was sent but the first message, so
  /// the operation can be begun anew. Throws only when its own task is cancelled.
  func listen() async throws(CmdopError) {
    do { heard = .success(try await call.receive(AgentMessage.self)) } catch {
      let error = CmdopError(error)
      heard = .failure(error)
      guard error.code == .cancelled && Task.isCancelled else { return }
      call.cancel()
      throw error
    }
  }

  /// Why it was refused before it began; nil when it was not.
  var refusal: CmdopError? {
    switch heard {
    case .failure(let error): return error
    case .success(let message?):
      if case .ended(let ended) = message.payload, case .failure(let failure) = ended.how { return failure.error }
      return nil
    default: return nil
    }
  }

  /// The next message, nil when the other side has finished. Throws as CallStream does.
  public func receive() async throws -> AgentMessage? {
    if let heard {
      self.heard = nil
      return try heard.get()
    }
    return try await call.receive(AgentMessage.self)
  }

  public func send(_ message: ControlMessage) throws(CmdopError) { try call.send(message) }
  public func waitUntilWritable() async throws { try await call.waitUntilWritable() }
  public func cancel() { call.cancel() }
  public var isClosed: Bool { call.isClosed }
}
