import NIOPosix
import Synchronization

/// Threads for what computes for long: neither the loop's nor the cooperative pool's. Few at once, the others wait in turn.
public final class SlowWork: Sendable {
  private let pool: NIOThreadPool
  private let inHand = Mutex(0)
  private let most: Int
  private let what: String

  /// `most`: that run or wait; beyond it a caller is refused. Meant to live as long as the process.
  public init(_ what: String, threads: Int, most: Int) {
    (self.what, self.most) = (what, most)
    pool = NIOThreadPool(numberOfThreads: threads)
    pool.start()
  }

  /// Runs `body` to its end, also when the waiting task is cancelled. Throws `limit` when too many wait already.
  public func run<T: Sendable>(_ body: @escaping @Sendable () -> T) async throws(CmdopError) -> T {
    let hasRoom = inHand.withLock { count in
      if count >= most { return false }
      count += 1
      return true
    }
    guard hasRoom else {
      throw CmdopError(.limit, "too many at once: \(most) \(what) wait already", retryAfter: .seconds(2))
    }
    defer { inHand.withLock { $0 -= 1 } }
    return await withCheckedContinuation { continuation in
      pool.submit { _ in continuation.resume(returning: body()) }
    }
  }

  /// The same for what may fail.
  public func attempt<T: Sendable>(
    _ body: @escaping @Sendable () throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    let result = try await run { () -> Result<T, CmdopError> in
      do throws(CmdopError) { return .success(try body()) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
