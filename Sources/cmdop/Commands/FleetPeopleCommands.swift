import ArgumentParser
import Connect
import Core
import Wire

struct FleetMembersCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "members", abstract: "Who belongs to the fleet, and who is invited.",
    discussion: "Example: cmdop fleet members")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let reply = try await RelayClient(try await options.reach()).members()
    if options.json {
      struct View: Encodable {
        let members: [MemberView]
        let invitations: [InvitationView]
      }
      return Report.json(
        View(members: reply.members.map { .init($0) }, invitations: reply.invitations.map { .init($0) }))
    }
    Report.table(
      [["NAME", "ROLE", "SINCE", "ID"]]
        + reply.members.map { [$0.name, $0.role, Report.ago($0.sinceMs), String($0.accountID.prefix(8))] })
    if reply.invitations.isEmpty { return }
    Report.line("")
    Report.table(
      [["INVITED", "ROLE", "BY", "ENDS", "ID"]]
        + reply.invitations.map { card in
          [
            card.note.isEmpty ? "-" : card.note, card.role, card.invitedBy, TimeText.end(card.expiresAtMs),
            String(card.invitationID.prefix(8)),
          ]
        })
  }
}

struct FleetInviteCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Print a link by which one person becomes a member.",
    discussion: """
      Example: cmdop fleet invite --role viewer --ttl 2d --note "Bob from support"
      Example: cmdop fleet invite --revoke 3f2a
      The link works once, in a browser or with `cmdop login LINK`.
      """)
  @OptionGroup var options: GlobalOptions
  @Option(help: "owner, admin, member or viewer.", completion: .list(RoleName.all)) var role = "member"
  @Option(help: "When the link ends: at most 30d.") var ttl = Span(argument: "7d")!
  @Option(help: "Whom it is for.") var note = ""
  @Option(help: "End this invitation instead: its id, or a unique beginning of it.") var revoke: String?

  var elsewhere: String? { revoke == nil ? nil : "cmdop fleet members" }

  func work() async throws {
    let client = RelayClient(try await options.reach())
    if let revoke {
      let card = try await client.revokeInvitation(revoke)
      if options.json { return Report.json(InvitationView(card)) }
      return Report.line("invitation \(card.invitationID.prefix(8)) is revoked")
    }
    let role = try RoleName.checked(role)
    try Span.check(ttl, "--ttl", otherwise: "the link lasts 7d", hint: "cmdop fleet invite --role \(role)")
    let new = try await client.invite(
      .filled { ($0.role, $0.ttlSeconds, $0.note) = (role, ttl.wholeSeconds, note) })
    if options.json { return Report.json(InvitationView(new.card, link: new.link)) }
    Report.line(new.link)
    Report.note("for one \(new.card.role), until \(TimeText.at(new.card.expiresAtMs)); it is not shown again")
  }
}

struct FleetSetRoleCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "set-role", abstract: "Give a member another role.",
    discussion: "Example: cmdop fleet set-role bob admin")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The member's name or id.") var member: String
  @Argument(help: "owner, admin, member or viewer.", completion: .list(RoleName.all)) var role: String

  var elsewhere: String? { "cmdop fleet members" }

  func work() async throws {
    let role = try RoleName.checked(role)
    let card = try await RelayClient(try await options.reach()).setRole(role, of: member)
    if options.json { Report.json(MemberView(card)) } else { Report.line("\(card.name) is \(card.role) now") }
  }
}

struct FleetRemoveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "remove", abstract: "Take somebody out of the fleet, and end what they have open there.",
    discussion: "Example: cmdop fleet remove bob --yes")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The member's name or id.") var member: String
  @Flag(help: "Do not ask.") var yes = false

  var elsewhere: String? { "cmdop fleet members" }

  func work() async throws {
    // An empty name would mean oneself.
    guard !member.isEmpty else {
      throw CmdopError(.badUsage, "whom?", hint: "cmdop fleet members")
    }
    let reach = try await options.reach()
    try await Person.confirm(
      "remove \(OneLine.of(member)) from the fleet?", isSure: yes,
      hint: "cmdop fleet remove \(ShellWord.quoted(member)) --yes", options)
    let card = try await RelayClient(reach).removeMember(member)
    if options.json { Report.json(MemberView(card)) } else { Report.line("\(card.name) is out of the fleet") }
  }
}

struct FleetLeaveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "leave", abstract: "Leave the fleet yourself.", discussion: "Example: cmdop fleet leave --fleet lab")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Do not ask.") var yes = false

  func work() async throws {
    let choice = try options.choice()
    let client = RelayClient(try await options.reach())
    let me = try await client.whoAmI()
    try await Person.confirm(
      "leave fleet \(OneLine.of(me.fleetName))?", isSure: yes, hint: "cmdop fleet leave --yes", options)
    guard case .login = choice.credential, let relay = choice.addresses.first else {
      return say(try await client.removeMember(""), me.fleetName)
    }
    // Before the token is good for nothing: where else this person belongs.
    let others = try await client.fleets().filter { $0.fleetID != me.caller.fleetID }
    let card = try await client.removeMember("")
    let keyring = Keyring(home: choice.home)
    let wasCurrent = try await keyring.change { (book) throws(CmdopError) in
      let wasCurrent = book.entry(for: relay)?.login?.fleet == me.caller.fleetID
      book.update(relay) {
        $0.keep(fleets: Set(others.map(\.fleetID)))
        $0.leave(fleet: me.caller.fleetID)
      }
      return wasCurrent
    }
    say(card, me.fleetName)
    guard wasCurrent else { return }
    guard let next = others.first else { return Report.note("you belong to no other fleet at \(relay.hostAndPort)") }
    do {
      Report.note("fleet \(try await keyring.use(next.fleetID, at: relay).fleetName) is the current one now")
    } catch { Report.note("to work in another fleet: cmdop fleet use \(next.name)") }
  }

  private func say(_ card: Cmdop_V1_MemberCard, _ fleet: String) {
    if options.json { return Report.json(MemberView(card)) }
    Report.line("\(card.name) has left fleet \(fleet)")
  }
}

enum RoleName {
  static var all: [String] { Role.allCases.map(\.rawValue) }

  static func checked(_ text: String) throws(CmdopError) -> String {
    if Role(rawValue: text) != nil { return text }
    throw CmdopError(
      .badUsage, "\"\(text)\" is no role: \(Role.allCases.map(\.rawValue).joined(separator: ", "))",
      hint: "cmdop fleet settings --roles")
  }
}

/// A member as programs read it.
struct MemberView: Encodable {
  let account_id, name, role: String
  let since_ms: Int64

  init(_ card: Cmdop_V1_MemberCard) {
    (account_id, name, role, since_ms) = (card.accountID, card.name, card.role, card.sinceMs)
  }
}

/// An invitation as programs read it.
struct InvitationView: Encodable {
  let invitation_id, role, note, invited_by: String
  let created_at_ms, expires_at_ms: Int64
  let link: String?

  init(_ card: Cmdop_V1_InvitationCard, link: String? = nil) {
    (invitation_id, role, note, invited_by) = (card.invitationID, card.role, card.note, card.invitedBy)
    (created_at_ms, expires_at_ms, self.link) = (card.createdAtMs, card.expiresAtMs, link)
  }
}
