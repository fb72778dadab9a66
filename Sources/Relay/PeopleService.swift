import Core
import Fleet
import Wire

/// Fleets, members and invitations.
struct PeopleService: Cmdop_V1_People.SimpleServiceProtocol {
  private let shelf: Shelf
  init(_ shelf: Shelf) { self.shelf = shelf }

  func listFleets(request: Cmdop_V1_ListFleetsRequest, context: CallContext) async throws -> Cmdop_V1_ListFleetsReply {
    let (relay, pass) = try await shelf.admitted()
    // A key, and the relay's host, know the one fleet that they were made for.
    let isPerson = if case .login = pass.grant.source { true } else { false }
    let all = isPerson ? await relay.fleets.fleets(of: pass.grant.account?.id ?? AccountID("")) : []
    let mine = isPerson ? all : [(try await relay.fleets.fleet(pass.fleet), pass.caller.role)]
    var cards: [Cmdop_V1_FleetCard] = []
    for (fleet, role) in mine { cards.append(await relay.card(of: fleet, role, current: pass.fleet)) }
    return .filled { [cards] in $0.fleets = cards }
  }

  func createFleet(request: Cmdop_V1_CreateFleetRequest, context: CallContext) async throws -> Cmdop_V1_FleetCard {
    let (relay, pass) = try await shelf.admitted()
    try Self.onlyPeople(pass)
    guard let account = pass.grant.account else {
      throw CmdopError(.denied, "a fleet needs an owner, and this credential has no account", hint: "cmdop login RELAY")
    }
    let fleet = try await relay.fleets.createFleet(request.name, by: account, from: pass.address)
    return await relay.card(of: fleet, .owner, current: pass.fleet)
  }

  func listMembers(request: Cmdop_V1_ListMembersRequest, context: CallContext) async throws -> Cmdop_V1_ListMembersReply
  {
    let (relay, pass) = try await shelf.admitted()
    let members = await relay.fleets.members(of: pass.fleet)
    let invitations = pass.allows(.manageMembers) ? try await relay.fleets.invitations(in: pass.fleet) : []
    return .filled {
      $0.members = members.map { .init($0) }
      $0.invitations = invitations.map { .init($0) }
    }
  }

  func invite(request: Cmdop_V1_InviteRequest, context: CallContext) async throws -> Cmdop_V1_NewInvitation {
    let (relay, pass) = try await shelf.admitted()
    try Self.onlyPeople(pass)
    let role = try Self.role(request.role.isEmpty ? "member" : request.role)
    let (record, secret) = try await relay.fleets.invite(
      role, ttl: request.ttlSeconds, note: request.note, byRole: pass.caller.role, pass.actor)
    let link = await relay.options.invitationLink(secret)
    return .filled { ($0.card, $0.link) = (.init(record), link) }
  }

  func revokeInvitation(
    request: Cmdop_V1_RevokeInvitationRequest, context: CallContext
  ) async throws -> Cmdop_V1_InvitationCard {
    let (relay, pass) = try await shelf.admitted()
    return .init(try await relay.fleets.revokeInvitation(request.invitation, by: pass.actor))
  }

  func acceptInvitation(
    request: Cmdop_V1_AcceptInvitationRequest, context: CallContext
  ) async throws -> Cmdop_V1_SignedIn {
    let (relay, address) = (try await shelf.service(), Asker.address)
    if let token = Asker.credential, !token.isEmpty {
      let grant = try await relay.grant(token, from: address)
      guard let account = grant.account, case .login = grant.source else {
        throw CmdopError(.denied, "only a person can accept an invitation", hint: "cmdop login LINK")
      }
      let member = try await relay.signIn.accept(secret: request.secret, as: account, peer: address)
      // A token for the new fleet, of the same login and no longer than this one: no new login comes of an access token.
      return .init(try await relay.fleets.token(for: member, like: grant))
    }
    let member = try await relay.signIn.accept(
      secret: request.secret, name: request.name, password: request.password, peer: address)
    return .init(
      try await relay.fleets.signIn(
        member.account, fleet: member.fleet, client: request.client.isEmpty ? "cmdop" : request.client, from: address))
  }

  func setRole(request: Cmdop_V1_SetRoleRequest, context: CallContext) async throws -> Cmdop_V1_MemberCard {
    let (relay, pass) = try await shelf.admitted()
    try Self.onlyPeople(pass)
    let member = try await relay.fleets.member(request.member, of: pass.fleet)
    let changed = try await relay.fleets.setRole(
      try Self.role(request.role), of: member, byRole: pass.caller.role, pass.actor)
    await relay.published(changed)
    await relay.sweep()
    return .init(changed)
  }

  func removeMember(request: Cmdop_V1_RemoveMemberRequest, context: CallContext) async throws -> Cmdop_V1_MemberCard {
    let (relay, pass) = try await shelf.admitted()
    let member = try await relay.fleets.member(
      request.member.isEmpty ? pass.grant.account?.id.rawValue ?? "" : request.member, of: pass.fleet)
    let isOneself = member.account.id == pass.grant.account?.id
    if !isOneself { try pass.require(.manageMembers) }
    try await relay.fleets.remove(member, byRole: pass.caller.role, isOneself: isOneself, pass.actor)
    await relay.board(says: .memberRemoved(member.account.id.rawValue), in: pass.fleet)
    await relay.sweep()
    return .init(member)
  }

  /// Whoever makes members makes people who outlive a key.
  private static func onlyPeople(_ pass: Pass) throws(CmdopError) {
    guard pass.grant.source.isPerson else {
      throw CmdopError(
        .denied, "an API key may not do this: only a person who has signed in", hint: "cmdop login RELAY")
    }
  }

  private static func role(_ word: String) throws(CmdopError) -> Role {
    guard let role = Role(rawValue: word) else {
      throw CmdopError(.badUsage, "\"\(PlainText.short(word))\" is no role", hint: "owner, admin, member or viewer")
    }
    return role
  }
}

extension RelayService {
  fileprivate func card(of fleet: FleetRecord, _ role: Role, current: FleetID) -> Cmdop_V1_FleetCard {
    .filled {
      ($0.fleetID, $0.name, $0.role) = (fleet.id.rawValue, fleet.name, role.rawValue)
      $0.machines = UInt32(clamping: fleets.machineCount(in: fleet.id))
      $0.members = UInt32(clamping: fleets.members(of: fleet.id).count)
      $0.current = fleet.id == current
    }
  }
}

extension Cmdop_V1_MemberCard {
  init(_ member: MemberRecord) {
    self = .filled {
      ($0.accountID, $0.name) = (member.account.id.rawValue, member.account.name)
      ($0.role, $0.sinceMs) = (member.role.rawValue, member.since)
    }
  }
}

extension Cmdop_V1_InvitationCard {
  init(_ record: InvitationRecord) {
    self = .filled {
      ($0.invitationID, $0.role, $0.note) = (record.id, record.role.rawValue, record.note)
      ($0.invitedBy, $0.createdAtMs, $0.expiresAtMs) = (record.invitedBy, record.createdAt, record.expiresAt)
    }
  }
}
