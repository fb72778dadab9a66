import ArgumentParser
import Core
import Host

extension Person {
  /// Ctrl-C calls `gently`, so that `body` comes to an end that says how far it was; after the second one, or after 5 s, it is
  /// cancelled. The exit code is 130 either way, unless `body` knows better.
  static func interruptible<T: Sendable>(
    gently: @escaping @Sendable () async -> Void, _ body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    let signals = ProcessSignals.stream([.interrupt, .terminate, .hangUp])
    return try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        for await _ in signals { break }
        if Task.isCancelled { return nil }
        await gently()
        await withTaskGroup(of: Void.self) { patience in
          patience.addTask { for await _ in signals { break } }
          patience.addTask { try? await Task.sleep(for: .seconds(5)) }
          await patience.next()
          patience.cancelAll()
        }
        return nil
      }
      defer { group.cancelAll() }
      guard let result = try await group.next() ?? nil else {
        group.cancelAll()
        // The cancellation must leave this process before it ends.
        try? await Task.sleep(for: .milliseconds(50))
        throw ExitCode(130)
      }
      return result
    }
  }
}
