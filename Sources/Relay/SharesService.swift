import Core
import Fleet
import Session
import Wire

/// Links for guests.
struct SharesService: Cmdop_V1_Shares.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func createShare(request: Cmdop_V1_CreateShareRequest, context: CallContext) async throws -> Cmdop_V1_NewShare {
    let (relay, pass) = try await shelf.admitted()
    var order = FleetRegistry.ShareOrder(machine: try await relay.fleets.resolve(request.machine, in: pass.fleet))
    if !request.session.isEmpty {
      let cards = try await relay.sessions.list(pass.fleet, machine: order.machine.id, includeEnded: false)
      guard let card = cards.first(where: { $0.id.rawValue == request.session || $0.name == request.session }) else {
        throw CmdopError(
          .notFound, "no session \"\(PlainText.short(request.session))\" lives on \(order.machine.hostname)",
          hint: "cmdop session list")
      }
      order.session = card.id
    }
    // Nobody gives away what he has not: a key needs the scope for terminals too.
    try pass.require(request.readOnly ? .watch : .operate)
    (order.isReadOnly, order.ttl, order.label) = (request.readOnly, request.ttlSeconds, request.label)
    (order.maxViewers, order.maxUses) = (request.maxViewers, request.maxUses)
    let (share, secret) = try await relay.fleets.createShare(order, for: pass.grant, by: pass.actor)
    await relay.published(share)
    let (card, link) = (await relay.card(of: share), await relay.options.shareLink(secret))
    return .filled { ($0.card, $0.link) = (card, link) }
  }

  func listShares(request: Cmdop_V1_ListSharesRequest, context: CallContext) async throws -> Cmdop_V1_ListSharesReply {
    let (relay, pass) = try await shelf.admitted()
    var cards: [Cmdop_V1_ShareCard] = []
    for share in try await relay.fleets.shares(in: pass.fleet, of: pass.whose, includeEnded: request.includeEnded) {
      cards.append(await relay.card(of: share))
    }
    return .filled { [cards] in $0.shares = cards }
  }

  func revokeShare(request: Cmdop_V1_RevokeShareRequest, context: CallContext) async throws -> Cmdop_V1_ShareCard {
    let (relay, pass) = try await shelf.admitted()
    let share = try await relay.fleets.revokeShare(request.share, of: pass.whose, by: pass.actor)
    await relay.sweep()
    await relay.published(share)
    return await relay.card(of: share)
  }

  func redeem(request: Cmdop_V1_RedeemRequest, context: CallContext) async throws -> Cmdop_V1_RedeemReply {
    let (relay, address) = (try await shelf.service(), Asker.address)
    let visit = try await relay.signIn.redeemShare(secret: request.secret, name: request.name, peer: address)
    return .filled {
      ($0.accessToken, $0.expiresAtMs) = (visit.accessToken, visit.expiresAt)
      ($0.machineID, $0.hostname) = (visit.machine.rawValue, visit.hostname)
      ($0.sessionID, $0.readOnly) = (visit.pass.session?.rawValue ?? "", visit.pass.isReadOnly)
    }
  }
}

extension RelayService {
  func card(of share: ShareRecord) -> Cmdop_V1_ShareCard {
    .filled {
      ($0.shareID, $0.label) = (share.id, share.label)
      ($0.machineID, $0.sessionID) = (share.machine.rawValue, share.session?.rawValue ?? "")
      $0.hostname = fleets.machine(share.machine, in: share.fleet)?.hostname ?? ""
      ($0.readOnly, $0.createdBy) = (share.isReadOnly, share.createdByName)
      ($0.maxViewers, $0.maxUses) = (UInt32(clamping: share.maxViewers ?? 0), UInt32(clamping: share.maxUses ?? 0))
      ($0.uses, $0.viewers) = (UInt32(clamping: share.uses), UInt32(clamping: live.count(share: share.id)))
      ($0.createdAtMs, $0.expiresAtMs, $0.revokedAtMs) = (share.createdAt, share.expiresAt, share.revokedAt ?? 0)
    }
  }
}
