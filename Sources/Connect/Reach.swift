public import Core
import NIOCore
public import Wire

/// The way to machines: over the daemon's socket when there is one (no handshake, no dialling), else straight to a relay.
@Loop
public final class Reach: Sendable {
  private let socket: String?
  private let relays: [RelayAddress]
  private let credential: CredentialSource
  /// Asked when a machine wants a PIN; nil: then it is refused.
  public var pins: (any PINSource)?
  private var own: (@Loop @Sendable () async -> Link?)?
  private var link: Link?
  /// Where `link` leads when it leads straight to a relay.
  private var address: RelayAddress?
  private let dialled = Turnstile()
  /// Where the relay was found last, and how often it was tried there since.
  private var place: (address: RelayAddress, socket: SocketAddress)?
  private var tries = 0
  private var lostAt: ContinuousClock.Instant?
  /// To the daemon; kept while a daemon without a relay is passed by.
  private var near: Link?
  /// For what the daemon would not survive as a way: straight to a relay.
  public var avoidsDaemon = false
  /// Somebody sits before a frozen screen: do not wait for one try before the next.
  public var hurries = false

  /// `socket`: of a daemon that knows the same relay; nil: do not ask one. `relays`: best first.
  public init(socket: String?, relays: [RelayAddress], source: @escaping CredentialSource) {
    (self.socket, self.relays, self.credential) = (socket, relays, source)
  }

  /// Over the connection that a machine has to its relay: it speaks for itself there, and may ask other agents.
  public init(asMachine link: @escaping @Loop @Sendable () async -> Link?) {
    (socket, relays, credential, own) = (nil, [], { _ in nil }, link)
  }

  /// What goes with a call over this connection.
  func headers(over link: Link) -> [(name: String, value: String)] {
    guard own != nil else { return Self.headers }
    return Self.headers
      + [("cmdop-as", "machine"), ("cmdop-registration", link.registration)]
      .filter { !$0.1.isEmpty }
  }

  /// With a credential that never changes.
  public convenience init(socket: String?, relays: [RelayAddress], credential: String?) {
    self.init(socket: socket, relays: relays) { _ in credential }
  }

  /// A connection that is open now.
  public func connection() async throws(CmdopError) -> Link {
    if let own {
      guard let link = await own() else {
        throw CmdopError(.unavailable, "this machine is not connected to its relay", hint: "cmdop agent status")
      }
      return link
    }
    if let link, link.isOpen { return link }
    if address != nil { lostAt = .now }
    (link, address) = (nil, nil)
    if let socket, !avoidsDaemon {
      if near?.isOpen != true { near = try? await Link.dial(socket: socket) }
      if let near {
        link = near
        return near
      }
    }
    return try await far()
  }

  private func far() async throws(CmdopError) -> Link {
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
        .unavailable, "no relay is known here: sign in at one, or join a fleet with a join key",
        hint: "cmdop login RELAY")
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

  /// The key by which the relay has proved itself; nil over a daemon, and where none is pinned.
  public var relayPin: KeyFingerprint? { link?.relayPin }

  /// Lets go of the connection. The next call makes a new one.
  public func close() {
    link?.close()
    near?.close()
    (link, near, address) = (nil, nil, nil)
  }

  /// A daemon that is not connected, or is refused at the relay, is passed by: who has a credential can go there alone.
  private func attempt<T: Sendable>(
    _ token: String?, _ body: @Loop @Sendable (Link, String?) async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    let link = try await connection()
    do { return try await body(link, token) } catch {
      let why = error
      // Before a frozen screen the daemon is tried again at once: dialling where we have never been takes longer than its return.
      guard why.code == .unavailable, token != nil, link === near, !hurries || place != nil,
        let far = try? await far()
      else { throw why }
      do { return try await body(far, token) } catch {
        // "localhost", for example, is known to nobody but the daemon.
        throw error.code == .notFound ? why : error
      }
    }
  }

  /// Runs `body` with a connection and a credential. A credential that the relay refuses is renewed once, if it can be.
  func call<T: Sendable>(
    _ body: @Loop @Sendable (Link, String?) async throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    let token = try await credential(nil)
    do { return try await attempt(token, body) } catch {
      guard error.code == .unauthenticated, let token, let fresh = try await credential(token), fresh != token else {
        throw error
      }
      return try await attempt(fresh, body)
    }
  }

  /// Opens an operation on a machine and says what it is. With a source of PINs it hears what the machine says first: one
  /// that wants a PIN gets it.
  public func open(_ first: ControlMessage) async throws(CmdopError) -> Operation {
    let machine = first.route.machine
    var (first, refused) = (first, String?.none)
    if first.pin.isEmpty, let known = await pins?.known(for: machine) { first.pin = known }
    while true {
      let operation = try await begin(first)
      guard let why = operation.refusal, why.code == .pinRequired, let pins else {
        if !first.pin.isEmpty && operation.refusal == nil { await pins?.accepted(first.pin, for: machine) }
        return operation
      }
      operation.cancel()
      if !first.pin.isEmpty { refused = first.pin }
      first.pin = try await pins.pin(for: machine, refused: refused, why: why)
      // Another try is another operation.
      first.commandID = newIdentifier()
    }
  }

  private func begin(_ first: ControlMessage) async throws(CmdopError) -> Operation {
    try await call { (link, token) throws(CmdopError) in
      let call = try await link.open(CallPath.open, credential: token, headers: self.headers(over: link))
      let operation = try Operation(call, first)
      guard self.pins != nil else { return operation }
      try await operation.listen()
      // The call is made anew after these, elsewhere or with another credential.
      if let refusal = operation.refusal, [.unauthenticated, .unavailable].contains(refusal.code) { throw refusal }
      return operation
    }
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
