public import Core

/// What somebody was let in with, and as whom. It may end while something is open: `FleetRegistry.fault(in:)` says so.
public struct Grant: Hashable, Sendable {
  public enum Source: Hashable, Sendable {
    /// A person's login, by its id.
    case login(String)
    /// An API key, by its id.
    case key(String)
    /// The relay host's own token, by its hash.
    case host(String)
    /// A guest's link, by its id.
    case share(String)
    /// A machine, on the connection on which it has proved itself.
    case machine(MachineID)
  }
  public let source: Source
  public let caller: Caller
  /// nil for guests, and for the relay's host where there is no such account.
  public let account: AccountRecord?
  /// nil: as wide as the role.
  public let scopes: Set<Scope>?
  /// The one machine that a guest may reach; nil: all of the fleet.
  public let machine: MachineID?
  /// Milliseconds since 1970; nil: no end.
  public let expiresAt: Int64?
}

extension FleetRegistry {
  /// Who shows this bearer token. Throws `unauthenticated` for one that is unknown, over or revoked.
  public func admit(token: String) async throws(CmdopError) -> Grant {
    if token.hasPrefix("ey") {
      let claims = try await tokens.read(token, now: now())
      switch claims.kind {
      case .login: return try grant(login: claims)
      case .share: return try grant(share: claims)
      }
    }
    // By hash: the time that the look-up takes tells nothing about the secret.
    let hash = hashed(token)
    if let id = memory.keyByHash[hash], let key = memory.keys[id] { return try grant(key) }
    if let caller = memory.hostTokens[hash] {
      let account = memory.members[caller.fleet]?.values.first { $0.account.name == caller.subject }?.account
      return Grant(source: .host(hash), caller: caller, account: account, scopes: nil, machine: nil, expiresAt: nil)
    }
    throw Self.stranger
  }

  private nonisolated static var stranger: CmdopError {
    CmdopError(
      .unauthenticated, "the relay does not know this token",
      hint: "cmdop login RELAY   # on the relay's host: cmdop login RELAY --token \"$(cmdop relay token)\"")
  }

  private func grant(login claims: AccessClaims) throws(CmdopError) -> Grant {
    guard memory.logins[claims.sid]?.rawValue == claims.sub else {
      throw CmdopError(.unauthenticated, "this login has ended", hint: "cmdop login RELAY")
    }
    let fleet = FleetID(claims.aud)
    guard let member = memory.members[fleet]?[AccountID(claims.sub)] else {
      throw CmdopError(.unauthenticated, "this login's account is no member of that fleet", hint: "cmdop fleet list")
    }
    return Grant(
      source: .login(claims.sid),
      caller: Caller(kind: .operator, subject: member.account.name, role: member.role, fleet: fleet),
      account: member.account, scopes: nil, machine: nil, expiresAt: claims.exp * 1000)
  }

  private func grant(_ key: APIKeyRecord) throws(CmdopError) -> Grant {
    guard (key.expiresAt ?? .max) > now(), let member = memory.members[key.fleet]?[key.account] else {
      throw CmdopError(.unauthenticated, "this API key has ended", hint: "cmdop auth create-key --scope …")
    }
    return Grant(
      source: .key(key.id),
      caller: Caller(
        kind: .operator, subject: "key:\(key.label)@\(member.account.name)", role: member.role, fleet: key.fleet),
      account: member.account, scopes: key.scopes, machine: nil, expiresAt: key.expiresAt)
  }

  private func grant(share claims: AccessClaims) throws(CmdopError) -> Grant {
    guard let share = memory.shares[claims.sub], isOpen(share), share.fleet.rawValue == claims.aud else {
      throw CmdopError(.unauthenticated, "this link has ended", hint: "ask for a new one: cmdop connect share HOST")
    }
    return Grant(
      source: .share(share.id),
      caller: Caller(
        kind: .guest, subject: "guest:\(claims.name)", role: share.isReadOnly ? .viewer : .member, fleet: share.fleet,
        guest: share.pass),
      account: nil, scopes: nil, machine: share.machine, expiresAt: share.expiresAt)
  }

  /// What a machine may do that has proved itself: its agent asks the agents of others, and sees who they are. Whatever comes
  /// of a question is decided by the rules of the machine that is asked.
  public func grant(machine: MachineRecord) -> Grant {
    Grant(
      source: .machine(machine.id),
      caller: Caller(
        kind: .machine, subject: "machine:\(machine.hostname)", role: .member, fleet: machine.fleet, via: [machine.id]),
      account: nil, scopes: [.invokeAgent, .readMachines], machine: nil, expiresAt: nil)
  }

  /// Why this grant holds no more; nil: it does. An access token that has run out ends nothing that is open: its login
  /// goes on.
  public func fault(in grant: Grant) -> CmdopError? {
    let fleet = grant.caller.fleet
    switch grant.source {
    case .login(let id):
      if memory.logins[id] == nil {
        return CmdopError(.unauthenticated, "your login has ended", hint: "cmdop login RELAY")
      }
    case .key(let id):
      guard let key = memory.keys[id], (key.expiresAt ?? .max) > now() else {
        return CmdopError(.unauthenticated, "this API key has ended", hint: "cmdop auth create-key --scope …")
      }
    case .host(let hash): return memory.hostTokens[hash] == nil ? Self.stranger : nil
    case .share(let id):
      if let share = memory.shares[id], isOpen(share) { return nil }
      return CmdopError(.unauthenticated, "the link has ended", hint: "ask for a new one: cmdop connect share HOST")
    case .machine(let id):
      if self.machine(id, in: fleet) != nil { return nil }
      return CmdopError(.denied, "the machine that asks was removed from the fleet", hint: "cmdop join <join-key>")
    }
    let member = grant.account.flatMap { memory.members[fleet]?[$0.id] }
    guard let member else {
      return CmdopError(.denied, "you are no member of this fleet any more", hint: "cmdop fleet list")
    }
    guard member.role == grant.caller.role else {
      return CmdopError(.denied, "your role in this fleet is \(member.role.rawValue) now", hint: "try again")
    }
    return nil
  }
}
