public import Core
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
  /// Somebody sits before a frozen screen: do not wait for one try before the next.
  public var hurries = false

  /// `socket`: of a daemon that knows the same relay; nil: do not ask one. `relays`: best first.
  public init(socket: String?, relays: [RelayAddress], credential: String?) {
    (self.socket, self.relays, self.credential) = (socket, relays, credential)
  }

  /// A connection that is open now.
  public func connection() async throws(CmdopError) -> Link {
    if let link, link.isOpen { return link }
    (link, address) = (nil, nil)
    if let socket, let near = try? await Link.dial(socket: socket) {
      link = near
      return near
    }
    var failure: CmdopError?
    for address in relays {
      do {
        let far = hurries ? try await Link.dial(address, every: Link.haste) : try await Link.dial(address)
        use(far, address)
        return far
      } catch { failure = failure ?? error }
    }
    throw failure
      ?? CmdopError(
        .unavailable, "no relay is known here", hint: "cmdop login <relay> --token <token>   or   cmdop join <join-key>"
      )
  }

  private func use(_ far: Link, _ address: RelayAddress) {
    (link, self.address) = (far, address)
    dialled.wake()
  }

  /// Replaces the connection to the relay whenever it does not answer; until its task is cancelled.
  public func stayReachable() async {
    while !Task.isCancelled {
      try? await dialled.wait { link?.isOpen == true && address != nil }
      guard let old = link, let address, let next = await old.successor(at: address) else { continue }
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
