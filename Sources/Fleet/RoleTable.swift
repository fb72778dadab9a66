public import Core

/// Something that a person may do in a fleet, or may not.
public enum Right: String, Hashable, Sendable, CaseIterable {
  case seeMachines = "machines.see"
  case seeSessions = "sessions.see"
  case watch = "sessions.watch"
  case operate = "sessions.operate"
  case execute = "commands.execute"
  case readFiles = "files.read"
  case writeFiles = "files.write"
  case askAgent = "agent.ask"
  case share = "shares.create"
  case ownKeys = "keys.own"
  case seeMembers = "members.see"
  case manageMembers = "members.manage"
  case manageMachines = "machines.manage"
  case manageJoinKeys = "join-keys.manage"
  case changeSettings = "settings.change"
  case readAudit = "audit.read"
}

/// What an API key may be made for. A key has at most the rights of the one it acts for, and of those only what its
/// scopes name.
public enum Scope: String, Hashable, Sendable, CaseIterable {
  case readMachines = "machines:read"
  case writeSessions = "sessions:write"
  case executeCommands = "commands:execute"
  case readFiles = "files:read"
  case writeFiles = "files:write"
  case invokeAgent = "agent:invoke"
  case fleetAdmin = "fleet:admin"
}

/// Who may do what: the one table that every door asks. `cmdop fleet settings --roles` prints it.
public enum RoleTable {
  public struct Row: Sendable {
    public let right: Right
    public let roles: Set<Role>
    /// The scope that an API key needs for it.
    public let scope: Scope
    public let meaning: String
  }

  private static let (all, working, leading): (Set<Role>, Set<Role>, Set<Role>) = (
    [.owner, .admin, .member, .viewer], [.owner, .admin, .member], [.owner, .admin]
  )

  // swift-format-ignore
  public static let rows: [Row] = [
    Row(right: .seeMachines,    roles: all,     scope: .readMachines,    meaning: "list machines, watch who comes and goes"),
    Row(right: .seeSessions,    roles: all,     scope: .readMachines,    meaning: "list sessions"),
    Row(right: .watch,          roles: all,     scope: .writeSessions,   meaning: "watch a terminal"),
    Row(right: .operate,        roles: working, scope: .writeSessions,   meaning: "open terminals, type, change and end sessions"),
    Row(right: .execute,        roles: working, scope: .executeCommands, meaning: "run commands, call tools"),
    Row(right: .readFiles,      roles: working, scope: .readFiles,       meaning: "read files"),
    Row(right: .writeFiles,     roles: working, scope: .writeFiles,      meaning: "write, move and delete files"),
    Row(right: .askAgent,       roles: working, scope: .invokeAgent,     meaning: "ask the agents on machines"),
    Row(right: .share,          roles: working, scope: .fleetAdmin,      meaning: "let guests in by a link; end one's own links"),
    Row(right: .ownKeys,        roles: all,     scope: .fleetAdmin,      meaning: "make API keys for oneself; end one's own keys"),
    Row(right: .seeMembers,     roles: all,     scope: .fleetAdmin,      meaning: "list members"),
    Row(right: .manageMembers,  roles: leading, scope: .fleetAdmin,      meaning: "invite, change roles and remove (owners: only by owners)"),
    Row(right: .manageMachines, roles: leading, scope: .fleetAdmin,      meaning: "rename and remove machines"),
    Row(right: .manageJoinKeys, roles: leading, scope: .fleetAdmin,      meaning: "make, rotate and end join keys"),
    Row(right: .changeSettings, roles: leading, scope: .fleetAdmin,      meaning: "change the fleet's settings"),
    Row(right: .readAudit,      roles: leading, scope: .fleetAdmin,      meaning: "read the audit trail; see all keys and links"),
  ]

  private static let byRight = Dictionary(uniqueKeysWithValues: rows.map { ($0.right, $0) })

  /// `scopes`: nil for a person.
  public static func allows(_ right: Right, role: Role, scopes: Set<Scope>? = nil) -> Bool {
    guard let row = byRight[right], row.roles.contains(role) else { return false }
    return scopes.map { $0.contains(row.scope) } ?? true
  }

  /// Throws `denied`, which says what is missing and who can give it.
  public static func require(_ right: Right, role: Role, scopes: Set<Scope>? = nil) throws(CmdopError) {
    guard let row = byRight[right], row.roles.contains(role) else {
      throw CmdopError(
        .denied, "your role in this fleet is \(role.rawValue): it may not \(byRight[right]?.meaning ?? right.rawValue)",
        hint: "ask an owner of the fleet: cmdop fleet set-role YOU \(least(right).rawValue)")
    }
    if let scopes, !scopes.contains(row.scope) {
      throw CmdopError(
        .denied, "this API key has no scope \(row.scope.rawValue): it may not \(row.meaning)",
        hint: "cmdop auth create-key --scope \(row.scope.rawValue)")
    }
  }

  /// The role with the fewest rights that has this one.
  private static func least(_ right: Right) -> Role {
    Role.allCases.last { byRight[right]?.roles.contains($0) == true } ?? .owner
  }
}

extension Role {
  /// Whether somebody with this role may give `other` to somebody, or take it away: owners are made by owners only.
  public func mayGrant(_ other: Role) -> Bool {
    switch self {
    case .owner: true
    case .admin: other != .owner
    case .member, .viewer: false
    }
  }
}
