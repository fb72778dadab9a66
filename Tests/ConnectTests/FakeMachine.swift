import Connect
import Core
import Foundation
import NIOCore
import Wire

/// A machine behind a socket in this process: answers each operation as the test says. The wire is real.
@Loop
struct FakeMachine {
  static func run(
    answer: @escaping @Loop @Sendable (_ first: ControlMessage, CallStream) async throws -> Void,
    _ body: @escaping @Loop @Sendable (_ socket: String) async throws -> Void
  ) async throws {
    let socket = "/tmp/cmdop-connect-\(newIdentifier().prefix(8)).sock"
    defer { try? FileManager.default.removeItem(atPath: socket) }
    let nursery = Nursery()
    let listener = try await Listener.unix(path: socket, admits: { _ in true }) { call in
      nursery.start {
        do {
          guard let first = try await call.receive(ControlMessage.self) else { return await call.finish() }
          try await answer(first, call)
          await call.finish()
        } catch { await call.finish(CmdopError(error)) }
      }
    }
    try await withThrowingTaskGroup { group in
      group.addTask { await nursery.run() }
      group.addTask { try await body(socket) }
      try await group.next()
      group.cancelAll()
      await listener.close()
    }
  }
}

/// What `body` was refused with; nil when it was not.
func failure<T>(
  isolation: isolated (any Actor)? = #isolation, of body: () async throws -> T
) async -> CmdopError? {
  do {
    _ = try await body()
    return nil
  } catch { return CmdopError(error) }
}

/// Something that happens once.
@Loop
final class Flag: Sendable {
  private var isUp = false
  private let turnstile = Turnstile()
  func raise() {
    isUp = true
    turnstile.wake()
  }
  func wait() async throws { try await turnstile.wait { isUp } }
}
