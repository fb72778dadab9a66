public import Core
import NIOCore
public import Wire

/// The way to machines: over the daemon's socket when there is one (no handshake, no dialling), else straight to a relay.
@Loop
public final class Reach: Sendable {
  private let socket: String?
  private let relays: [RelayAddress]
  public let credential: String?
  private var link: Link?
  /// Where `link` leads when it leads straight to a relay.
  private var address: RelayAddress?
  private let dialled = Turnstile()
  /// Where the relay was found last, and how often it was tried there since.
  private var place: (address: RelayAddress, socket: SocketAddress)?
  private var tries = 0
  private var lostAt: ContinuousClock.Instant?
  /// Somebody sits before a frozen screen: do not wait for one try before the next.
  public var hurries = false

  /// `socket`: of a daemon that knows the same relay; nil: do not ask one. `relays`: best first.
  public init(socket: String?, relays: [RelayAddress], credential: String?) {
    (self.socket, self.relays, self.credential) = (socket, relays, credential)
  }

  /// A connection that is open now.
  public func connection() async throws(CmdopError) -> Link {
    if let link, link.isOpen { return link }
    if address != nil { lostAt = .now }
    (link, address) = (nil, nil)
    if let socket, let near = try? await Link.dial(socket: socket) {
      link = near
      return near
    }
    var failure: CmdopError?
    for address in relays {
      do {
        let far = try await dial(address)
        use(far, address)
        return far
      } catch { failure = failure ?? error }
    }
    throw failure
      ?? CmdopError(
        .unavailable, "no relay is known here", hint: "cmdop login <relay> --token <token>   or   cmdop join <join-key>"
      )
  }

  private func dial(_ address: RelayAddress) async throws(CmdopError) -> Link {
    guard hurries, let place, place.address == address, tries < 10 else {
      tries = 0
      return try await Link.dial(address)
    }
    // It may have moved meanwhile: now and then its name is looked up again.
    tries += 1
    return try await Link.dial(address, at: place.socket, every: Link.haste, silence: lostAt ?? .now)
  }

  private func use(_ far: Link, _ address: RelayAddress) {
    (link, self.address, tries) = (far, address, 0)
    place = far.place.map { (address, $0) }
    dialled.wake()
  }

  /// Replaces the connection to the relay whenever it does not answer; until its task is cancelled.
  public func stayReachable() async {
    while !Task.isCancelled {
      try? await dialled.wait { link?.isOpen == true && address != nil }
      guard let old = link, let address, let next = await old.successor(at: address) else { continue }
      guard link === old else {
        next.close()  // somebody has dialled already
        continue
      }
      use(next, address)
      old.close()
    }
  }

  /// Opens an operation on a machine and says what it is.
  public func open(_ first: ControlMessage) async throws(CmdopError) -> CallStream {
    let call = try await connection().open(CallPath.open, credential: credential, headers: Self.headers)
    try call.send(first)
    return call
  }

  static let headers: [(name: String, value: String)] = [("cmdop-protocol", "\(CmdopVersion.protocolVersion)")]
}

extension ControlMessage {
  /// The first message of an operation.
  init(_ payload: OneOf_Payload, to machine: String) {
    self.init(payload)
    commandID = newIdentifier()
    route.machine = machine
  }
}
