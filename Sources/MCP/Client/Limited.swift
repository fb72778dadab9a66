import Core

/// Work that has a limit of time.
enum Limited {
  /// Throws `timeout` when `body` takes longer; it is cancelled then, and waited for.
  static func run<T: Sendable, E: Error>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws(E) -> T
  ) async throws(CmdopError) -> T {
    let end = await withTaskGroup(of: LimitedEnd<T>.self) { group in
      group.addTask { do { return .done(.success(try await body())) } catch { return .done(.failure(error)) } }
      group.addTask {
        do { try await Task.sleep(for: limit) } catch { return .done(.failure(CancellationError())) }
        return .late
      }
      // In a cancelled task the pause is over first, too: then what the body says counts.
      var first = await group.next() ?? .late
      if case .done(.failure(is CancellationError)) = first { first = await group.next() ?? .late }
      group.cancelAll()
      return first
    }
    switch end {
    case .done(.success(let value)): return value
    case .done(.failure(let fault as LinkFault)): throw fault.error
    case .done(.failure(let error as CmdopError)): throw error
    case .done(.failure): throw CmdopError(.cancelled, "cancelled")
    case .late: throw CmdopError(.timeout, "it did not answer within \(Self.text(limit))")
    }
  }

  static func text(_ limit: Duration) -> String {
    limit >= .seconds(1) ? "\(Int((limit / .seconds(1)).rounded())) s" : "\(Int(limit / .milliseconds(1))) ms"
  }
}

private enum LimitedEnd<T: Sendable>: Sendable {
  case done(Result<T, any Error>)
  case late
}
