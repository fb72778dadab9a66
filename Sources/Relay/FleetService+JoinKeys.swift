import Core
import Fleet
import Wire

/// The keys by which machines enrol.
extension FleetService {
  func createJoinKey(request: Cmdop_V1_CreateJoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_NewJoinKey {
    let (relay, pass) = try await shelf.admitted()
    let (record, secret) = try await relay.fleets.createJoinKey(
      label: request.label, ttl: request.ttlSeconds, uses: request.uses, in: pass.fleet, by: pass.actor)
    return .init(record, await JoinKey(addresses: relay.options.addresses, secret: secret))
  }

  func listJoinKeys(
    request: Cmdop_V1_ListJoinKeysRequest, context: CallContext
  ) async throws -> Cmdop_V1_ListJoinKeysReply {
    let (relay, pass) = try await shelf.admitted()
    let keys = try await relay.fleets.joinKeys(in: pass.fleet)
    return .filled { $0.keys = keys.map { .init($0) } }
  }

  func rotateJoinKey(request: Cmdop_V1_JoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_NewJoinKey {
    let (relay, pass) = try await shelf.admitted()
    let (record, secret) = try await relay.fleets.rotateJoinKey(request.key, in: pass.fleet, by: pass.actor)
    return .init(record, await JoinKey(addresses: relay.options.addresses, secret: secret))
  }

  func revokeJoinKey(request: Cmdop_V1_JoinKeyRequest, context: CallContext) async throws -> Cmdop_V1_JoinKeyCard {
    let (relay, pass) = try await shelf.admitted()
    return .init(try await relay.fleets.revokeJoinKey(request.key, in: pass.fleet, by: pass.actor))
  }
}

extension Cmdop_V1_NewJoinKey {
  init(_ record: JoinKeyRecord, _ key: JoinKey) {
    self = .filled { ($0.card, $0.joinKey) = (.init(record), key.description) }
  }
}

extension Cmdop_V1_JoinKeyCard {
  init(_ record: JoinKeyRecord) {
    self = .filled {
      ($0.keyID, $0.label) = (record.id, record.label)
      ($0.createdAtMs, $0.expiresAtMs) = (record.createdAt, record.expiresAt ?? 0)
      if let left = record.usesLeft { $0.usesLeft = UInt32(clamping: left) }
      ($0.uses, $0.revokedAtMs) = (UInt32(clamping: record.uses), record.revokedAt ?? 0)
    }
  }
}
