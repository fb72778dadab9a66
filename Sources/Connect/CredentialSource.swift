public import Core

/// Where calls get their credential. Asked before each call; cheap while what it gave last is good.
/// `refused`: the relay did not take this one; another is wanted. The same one, or nil, means that there is no other.
public typealias CredentialSource = @Sendable (_ refused: String?) async throws(CmdopError) -> String?

/// Keeps what a dearer source gave until the relay refuses it or `isFresh` says no more.
@Loop
public final class FreshCredential: Sendable {
  private let fetch: @Sendable (_ refused: String?) async throws(CmdopError) -> Held
  private let now: @Sendable () -> Int64
  private var held: Held?

  public struct Held: Sendable {
    public let token: String
    /// Milliseconds since 1970; nil: it does not end.
    public let expiresAt: Int64?

    public init(token: String, expiresAt: Int64?) { (self.token, self.expiresAt) = (token, expiresAt) }
  }

  public init(
    now: @escaping @Sendable () -> Int64,
    fetch: @escaping @Sendable (_ refused: String?) async throws(CmdopError) -> Held
  ) {
    (self.now, self.fetch) = (now, fetch)
  }

  public func token(refused: String?) async throws(CmdopError) -> String {
    if let held, held.token != refused, held.expiresAt.map({ $0 >= now() + Login.margin }) ?? true { return held.token }
    let fresh = try await fetch(refused)
    held = fresh
    return fresh.token
  }
}
