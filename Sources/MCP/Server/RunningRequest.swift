import Core

/// A request that is worked on, for whoever wants to cancel it.
@Loop
final class RunningRequest: Sendable {
  private(set) var isCancelled = false
  private let turn = Turnstile()

  func cancel() {
    isCancelled = true
    turn.wake()
  }

  /// Runs `body`, and ends it when the request is cancelled; nil then.
  func run<T: Sendable>(_ body: @escaping @Sendable () async -> T) async -> T? {
    await withTaskGroup(of: T?.self) { group in
      group.addTask { await body() }
      group.addTask {
        try? await self.waitForCancel()
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return isCancelled || Task.isCancelled ? nil : first
    }
  }

  private func waitForCancel() async throws { try await turn.wait { isCancelled } }
}

/// Something that the client was asked.
@Loop
final class AskedClient: Sendable {
  private var answer: Result<JSON, RPCError>?
  private let turn = Turnstile()

  func settle(_ answer: Result<JSON, RPCError>) {
    guard self.answer == nil else { return }
    self.answer = answer
    turn.wake()
  }

  /// Throws -32800 when the waiting task is cancelled.
  func wait() async throws(RPCError) -> JSON {
    try? await turn.wait { answer != nil }
    guard let answer else { throw RPCError(-32800, "given up before the client answered") }
    return try answer.get()
  }
}
