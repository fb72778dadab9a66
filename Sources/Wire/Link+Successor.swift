public import Core
public import NIOCore

/// A better connection in time. One whose bytes vanish is not closed by anybody for a long while, and once the way is free
/// again TCP waits as long as it has waited before; a new connection gets through at once.
extension Link {
  /// Between two tries where somebody waits: half of it is what a person notices of an outage's end.
  public nonisolated static let haste = Duration.milliseconds(60)

  /// The same where somebody took a connection and only does not answer. As a hole in the network does; but so
  /// does a relay with more to do than it can, and a handshake from everybody each 60 ms would be what it never gets up
  /// from. The longer nobody has been heard, the less a moment matters: a 64th of that time, at most 1 s.
  nonisolated static func forbearance(since silence: ContinuousClock.Instant) -> Duration {
    let span = min(max((.now - silence) / 64, haste), .seconds(1))
    // All who lost a relay lost it at the same moment.
    return span * Double.random(in: 0.8...1.2)
  }

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
  /// relay; a name that cannot be looked up while the network is away would hold up its try for long. `silence`: since when
  /// nobody was heard there. Throws the last failure when there is none after 3 s, or `isWanted` no longer.
  public static func dial(
    _ address: RelayAddress, at place: SocketAddress?, every pause: Duration, silence: ContinuousClock.Instant = .now,
    while isWanted: @Loop () -> Bool = { true }
  ) async throws(CmdopError) -> Link {
    enum News: Sendable {
      case made(Link)
      case failed(CmdopError)
      case pauseOver
    }
    let result: Result<Link, CmdopError> = await withTaskGroup(of: News.self) { group in
      var attempts: [Attempt] = []
      var overtaken = ContinuousClock.now
      func attempt() {
        let newest = Attempt()
        attempts.append(newest)
        overtaken = .now + forbearance(since: silence)
        group.addTask {
          do { return .made(try await dial(address, at: place, timeout: .seconds(3), newest)) } catch {
            return .failed(CmdopError(error))
          }
        }
        rest()
      }
      func rest() {
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
          if isLate || failure.code == .untrusted {
            group.cancelAll()
          } else if attempts.contains(where: { $0.stage == .greeting }), .now < overtaken {
            rest()
          } else {
            attempt()
          }
        }
      }
      return winner.map { .success($0) } ?? .failure(failure)
    }
    return try result.get()
  }
}
