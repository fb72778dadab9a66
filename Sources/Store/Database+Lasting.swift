public import Core
import GRDB

extension Database {
  /// As `write`, but a cancelled task writes as well: what says that something was ended must not be lost because it was.
  @discardableResult
  public func writeLasting<T: Sendable>(
    _ body: @escaping @Sendable (Statements) throws -> T
  ) async throws(CmdopError) -> T {
    let result: Result<T, any Error> = await withCheckedContinuation { continuation in
      writer.asyncWrite(
        { try body(Statements(connection: $0)) }, completion: { _, result in continuation.resume(returning: result) })
    }
    do { return try result.get() } catch { throw Self.translate(error, path) }
  }
}
