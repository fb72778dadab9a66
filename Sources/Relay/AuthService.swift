import Core
import Fleet
import Wire

/// Signing in and API keys, as typed calls.
struct AuthService: Cmdop_V1_Auth.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func startDeviceLogin(
    request: Cmdop_V1_StartDeviceLoginRequest, context: CallContext
  ) async throws -> Cmdop_V1_StartDeviceLoginReply {
    let (relay, address) = (try await shelf.service(), Asker.address)
    let start = try await relay.signIn.startDeviceLogin(client: request.client, peer: address)
    return .filled {
      ($0.deviceCode, $0.userCode) = (start.deviceCode, start.userCode)
      ($0.verificationUri, $0.verificationUriComplete) = (start.verificationURI, start.verificationURIComplete)
      ($0.expiresInSeconds, $0.intervalSeconds) = (UInt32(start.expiresIn), UInt32(start.interval))
    }
  }

  func pollDeviceLogin(
    request: Cmdop_V1_PollDeviceLoginRequest, context: CallContext
  ) async throws -> Cmdop_V1_PollDeviceLoginReply {
    let (relay, address) = (try await shelf.service(), Asker.address)
    let tokens = try await relay.signIn.pollDeviceLogin(deviceCode: request.deviceCode, peer: address)
    return .filled {
      if let tokens { $0.signedIn = .init(tokens) }
      $0.intervalSeconds = UInt32(DeviceLogins.interval)
    }
  }

  func refresh(request: Cmdop_V1_RefreshRequest, context: CallContext) async throws -> Cmdop_V1_SignedIn {
    let (relay, address) = (try await shelf.service(), Asker.address)
    return .init(try await relay.signIn.refresh(token: request.refreshToken, fleet: request.fleet, peer: address))
  }

  func revoke(request: Cmdop_V1_RevokeRequest, context: CallContext) async throws -> Cmdop_V1_RevokeReply {
    let (relay, address) = (try await shelf.service(), Asker.address)
    try await relay.signIn.revoke(token: request.token, peer: address)
    return .init()
  }

  // MARK: keys

  func createKey(request: Cmdop_V1_CreateKeyRequest, context: CallContext) async throws -> Cmdop_V1_NewKey {
    let (relay, pass) = try await shelf.admitted()
    var scopes: Set<Scope> = []
    for word in request.scopes {
      guard let scope = Scope(rawValue: word) else {
        throw CmdopError(
          .badUsage, "\"\(PlainText.short(word))\" is no scope",
          hint: "--scope " + Scope.allCases.map(\.rawValue).joined(separator: " | "))
      }
      scopes.insert(scope)
    }
    let (key, secret) = try await relay.fleets.createKey(
      label: request.label, scopes: scopes, ttl: request.ttlSeconds, for: pass.grant, by: pass.actor)
    let card = await relay.card(of: key)
    return .filled { ($0.card, $0.secret) = (card, secret) }
  }

  func listKeys(request: Cmdop_V1_ListKeysRequest, context: CallContext) async throws -> Cmdop_V1_ListKeysReply {
    let (relay, pass) = try await shelf.admitted()
    var cards: [Cmdop_V1_KeyCard] = []
    for key in try await relay.fleets.keys(in: pass.fleet, of: pass.whose) { cards.append(await relay.card(of: key)) }
    return .filled { [cards] in $0.keys = cards }
  }

  func revokeKey(request: Cmdop_V1_RevokeKeyRequest, context: CallContext) async throws -> Cmdop_V1_KeyCard {
    let (relay, pass) = try await shelf.admitted()
    let key = try await relay.fleets.revokeKey(request.key, of: pass.whose, by: pass.actor)
    await relay.sweep()
    return await relay.card(of: key)
  }
}

extension Pass {
  /// Whose keys and links this caller may see and end; nil: everybody's in the fleet.
  var whose: AccountID? { allows(.readAudit) ? nil : grant.account?.id ?? AccountID("") }
}

extension RelayService {
  fileprivate func card(of key: APIKeyRecord) -> Cmdop_V1_KeyCard {
    let owner = fleets.members(of: key.fleet).first { $0.account.id == key.account }
    return .filled {
      ($0.keyID, $0.label, $0.account) = (key.id, key.label, owner?.account.name ?? "")
      $0.scopes = key.scopes.map(\.rawValue).sorted()
      ($0.createdAtMs, $0.expiresAtMs) = (key.createdAt, key.expiresAt ?? 0)
      ($0.lastUsedAtMs, $0.revokedAtMs) = (key.usedAt, key.revokedAt ?? 0)
    }
  }
}

extension Cmdop_V1_SignedIn {
  init(_ tokens: TokenSet) {
    self = .filled {
      ($0.accessToken, $0.accessExpiresAtMs) = (tokens.accessToken, tokens.accessExpiresAt)
      ($0.refreshToken, $0.refreshExpiresAtMs) = (tokens.refreshToken, tokens.refreshExpiresAt)
      ($0.account, $0.role) = (tokens.account, tokens.role.rawValue)
      ($0.fleetID, $0.fleetName) = (tokens.fleet.rawValue, tokens.fleetName)
    }
  }
}

/// From where the call that runs now was made; set by the door.
enum Asker {
  @TaskLocal static var address = "local"
  /// What stands in the headers of a call that anybody may make; nobody has looked at it yet.
  @TaskLocal static var credential: String?
}
