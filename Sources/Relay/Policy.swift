import Fleet
import Wire

/// What somebody needs in order to pass a door. Every call and every page has a row in one of the two tables below; what
/// has none is not served, and a test holds the tables against the services and the pages.
enum Policy: Sendable {
  /// A machine, which proves itself in the call.
  case machine
  /// An operation on a machine: the right depends on its first message (`Policy.right(for:)`).
  case operation
  /// Whoever asks, at a door where what is wrong is counted.
  case anybody
  /// Whoever has a credential of a person or a program.
  case signedIn
  /// Whoever has a credential with this right.
  case holder(Right)

  // swift-format-ignore
  static let calls: [String: Policy] = [
    CallPath.connect: .machine,
    CallPath.open: .operation,

    "/cmdop.v1.Fleet/Enroll":              .anybody,
    "/cmdop.v1.Fleet/WhoAmI":              .signedIn,
    "/cmdop.v1.Fleet/ListMachines":        .holder(.seeMachines),
    "/cmdop.v1.Fleet/RenameMachine":       .holder(.manageMachines),
    "/cmdop.v1.Fleet/RemoveMachine":       .holder(.manageMachines),
    "/cmdop.v1.Fleet/GetSettings":         .holder(.seeMachines),
    "/cmdop.v1.Fleet/ChangeSettings":      .holder(.changeSettings),
    "/cmdop.v1.Fleet/CreateJoinKey":       .holder(.manageJoinKeys),
    "/cmdop.v1.Fleet/ListJoinKeys":        .holder(.manageJoinKeys),
    "/cmdop.v1.Fleet/RotateJoinKey":       .holder(.manageJoinKeys),
    "/cmdop.v1.Fleet/RevokeJoinKey":       .holder(.manageJoinKeys),

    "/cmdop.v1.Sessions/ListSessions":       .holder(.seeSessions),
    "/cmdop.v1.Sessions/EnterBackground":    .holder(.operate),
    "/cmdop.v1.Sessions/WakeFromBackground": .holder(.operate),

    "/cmdop.v1.Auth/StartDeviceLogin": .anybody,
    "/cmdop.v1.Auth/PollDeviceLogin":  .anybody,
    "/cmdop.v1.Auth/Refresh":          .anybody,
    "/cmdop.v1.Auth/Revoke":           .anybody,
    "/cmdop.v1.Auth/CreateKey":        .holder(.ownKeys),
    "/cmdop.v1.Auth/ListKeys":         .holder(.ownKeys),
    "/cmdop.v1.Auth/RevokeKey":        .holder(.ownKeys),

    "/cmdop.v1.People/ListFleets":       .signedIn,
    "/cmdop.v1.People/CreateFleet":      .holder(.ownKeys),
    "/cmdop.v1.People/ListMembers":      .holder(.seeMembers),
    "/cmdop.v1.People/Invite":           .holder(.manageMembers),
    "/cmdop.v1.People/RevokeInvitation": .holder(.manageMembers),
    "/cmdop.v1.People/AcceptInvitation": .anybody,
    "/cmdop.v1.People/SetRole":          .holder(.manageMembers),
    "/cmdop.v1.People/RemoveMember":     .holder(.seeMembers),  // oneself; others: the service asks for more

    "/cmdop.v1.Shares/CreateShare": .holder(.share),
    "/cmdop.v1.Shares/ListShares":  .holder(.share),
    "/cmdop.v1.Shares/RevokeShare": .holder(.share),
    "/cmdop.v1.Shares/Redeem":      .anybody,

    "/cmdop.v1.Audit/Read":   .holder(.readAudit),
    "/cmdop.v1.Events/Watch": .holder(.seeMachines),
  ]

  /// Calls of holders that stay open: they are cut when the grant ends.
  static let lasting: Set<String> = ["/cmdop.v1.Events/Watch"]

  /// Pages and endpoints over HTTP. "*" at the end stands for any rest.
  // swift-format-ignore
  static let pages: [(method: String, path: String, policy: Policy)] = [
    ("GET",  "/health",                                 .anybody),
    ("GET",  "/ready",                                  .anybody),
    ("GET",  "/device",                                 .anybody),
    ("POST", "/device/sign-in",                         .anybody),
    ("POST", "/device/decide",                          .anybody),
    ("GET",  "/s",                                      .anybody),
    ("GET",  "/style.css",                              .anybody),
    ("POST", "/sign-out",                               .anybody),
    ("GET",  "/invite/*",                               .anybody),
    ("POST", "/invite/*",                               .anybody),
    ("POST", "/oauth/device_authorization",             .anybody),
    ("POST", "/oauth/token",                            .anybody),
    ("POST", "/oauth/revoke",                           .anybody),
    ("GET",  "/.well-known/oauth-authorization-server", .anybody),
    ("GET",  "/.well-known/jwks.json",                  .anybody),
    ("POST", "/api/shares/redeem",                      .anybody),
  ]

  static func page(_ method: String, _ path: String) -> Policy? {
    let method = method == "HEAD" ? "GET" : method
    return pages.first { page in
      page.method == method
        && (page.path.hasSuffix("*") ? path.hasPrefix(page.path.dropLast()) : page.path == path)
    }?.policy
  }

  /// All that one machine may ask of another. Its scopes are wider: the roster comes with the list of sessions.
  static func isForMachines(_ first: ControlMessage) -> Bool {
    if case .agent = first.payload { true } else { false }
  }

  /// nil: an operation that nobody knows.
  static func right(for first: ControlMessage) -> Right? {
    switch first.payload {
    // A tool called by name may do what a command does, whichever it is: the machine's rules tell them apart.
    case .runCommand, .toolRequest: .execute
    case .startSession(let start): start.observe ? .watch : .operate
    case .destroySession: .operate
    case .sessionRequest(let request):
      switch request.ask {
      case nil: .seeSessions
      case .save: .watch
      default: .operate
      }
    // Also to read what was said: prompts may follow on the same stream.
    case .agent: .askAgent
    case .conversationRequest(let request): request.ask == nil ? .askAgent : .operate
    case .approval, .watchApprovals: .operate
    default: nil
    }
  }
}
