public import Core
public import NIOCore

/// A better connection in time. One whose bytes vanish is not closed by anybody for a long while, and once the way is free
/// again TCP waits as long as it has waited before; a new connection gets through at once.
extension Link {
  /// Between two tries where somebody waits: half of it is what a person notices of an outage's end.
  public nonisolated static let haste = Duration.milliseconds(60)

  /// Waits until this connection does not answer, then tries others beside it, until one stands: that is returned. Nil when
  /// this one was closed first. It is closed when for 3 s neither it nor anything else got through while somebody waits for
  /// it, who shall be told.
  public func successor(at address: RelayAddress) async -> Link? {
    while isOpen, !Task.isCancelled {
      try? await change.wait { isSuspect || !isOpen }
      guard isOpen, !Task.isCancelled else { return nil }
      let next = try? await Link.dial(address, at: place, every: isAttended ? Link.haste : .seconds(2)) {
        self.isSuspect && self.isOpen
      }
      guard let next else {
        if isSuspect && isAttended { close() }
        continue
      }
      if isSuspect { return next }
      next.close()
    }
    return nil
  }

  /// Dials again and again, without waiting for earlier tries, until one stands. `place`: where the last connection found the
  /// relay; a name that cannot be looked up while the network is away would hold up its try for long. Throws the last failure when there is none
  /// after 3 s, or `isWanted` no longer.
  public static func dial(
    _ address: RelayAddress, at place: SocketAddress?, every pause: Duration,
    while isWanted: @Loop () -> Bool = { true }
  ) async throws(CmdopError) -> Link {
    enum News: Sendable {
      case made(Link)
      case failed(CmdopError)
      case pauseOver
    }
    let result: Result<Link, CmdopError> = await withTaskGroup(of: News.self) { group in
      func attempt() {
        group.addTask {
          do { return .made(try await dial(address, at: place, timeout: .seconds(3))) } catch {
            return .failed(CmdopError(error))
          }
        }
        group.addTask {
          try? await Task.sleep(for: pause)
          return .pauseOver
        }
      }
      var failure = CmdopError(.unavailable, "no relay answers at \(address.hostAndPort)")
      var winner: Link?
      let deadline = ContinuousClock.now + .seconds(3)
      attempt()
      for await news in group {
        switch news {
        case .made(let link) where winner == nil:
          winner = link
          group.cancelAll()
        case .made(let link): link.close()
        case .failed(let error): if winner == nil { failure = error }
        case .pauseOver:
          guard winner == nil else { continue }
          let isLate = Task.isCancelled || !isWanted() || ContinuousClock.now > deadline
          // What no waiting mends is said at once.
          if isLate || failure.code == .untrusted { group.cancelAll() } else { attempt() }
        }
      }
      return winner.map { .success($0) } ?? .failure(failure)
    }
    return try result.get()
  }
}
