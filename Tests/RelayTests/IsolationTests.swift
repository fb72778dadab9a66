import Core
import Fleet
import Foundation
import NIOCore
import Relay
import Session
import Store
import Testing
import Wire

/// Every call of the relay with every credential that must not open it.
@Suite("Tenant isolation: every call, every credential that is not enough", .timeLimit(.minutes(5)))
@Loop
struct IsolationTests {
  /// What stands in everything that belongs to our fleet; nobody else may ever see it.
  nonisolated static let canary = "canary7c1f"

  /// A fleet full of things that are called canary, and credentials of all sorts.
  @Loop
  struct Scene: Sendable {
    let bench: RelayBench
    let machine: Cmdop_V1_EnrollReply
    let session = "aaaaaaaa-0000-4000-8000-0000000000ca"
    let key: APIKeyRecord
    let joinKey: JoinKeyRecord
    let share: ShareRecord
    let invitation: InvitationRecord
    let owner: MemberRecord
    let shareSecret: String

    init(_ bench: RelayBench) async throws {
      self.bench = bench
      let (registry, fleet) = (bench.registry, bench.fleet)
      let author = Author(canary, in: fleet, from: "local")
      _ = try await registry.ensureOwner(name: canary, password: "correct horse", of: fleet)
      owner = try registry.member(canary, of: fleet)
      let box = try await FakeMachine("\(canary)-box", on: bench)
      machine = box.card
      var card = Cmdop_V1_SessionCard()
      (card.sessionID, card.name, card.state, card.command) = (session, "\(canary)-session", .connected, canary)
      _ = try await box.register(sessions: [card])
      let grant = try await registry.admit(
        token: try await registry.signIn(owner.account, fleet: fleet, client: canary, from: canary).accessToken)
      key = try await registry.createKey(
        label: "\(canary)-key", scopes: [.readMachines], ttl: 0, for: grant, by: author
      ).record
      joinKey = try await registry.createJoinKey(label: "\(canary)-join", ttl: 0, uses: 0, in: fleet, by: author).record
      var order = FleetRegistry.ShareOrder(machine: try registry.resolve(machine.machineID, in: fleet))
      (order.label, order.session) = ("\(canary)-share", SessionID(session))
      (share, shareSecret) = try await registry.createShare(order, for: grant, by: author)
      invitation = try await registry.invite(.member, ttl: 0, note: canary, byRole: .owner, author).record
    }

    /// What each call is asked, naming our things as exactly as an insider could.
    func say(_ path: String, on call: CallStream) throws {
      switch path.split(separator: "/").last.map(String.init) ?? "" {
      case "Open": try call.send(ControlMessage(.startSession(.filled { $0.session = session })).to(machine.machineID))
      case "Connect":
        try call.send(
          AgentMessage(
            .register(.filled { ($0.purpose, $0.machineID, $0.instance) = (.control, machine.machineID, "x") })))
      case "RenameMachine":
        try call.send(Cmdop_V1_RenameMachineRequest.filled { ($0.machine, $0.name) = (machine.machineID, "mine") })
      case "RemoveMachine": try call.send(Cmdop_V1_RemoveMachineRequest.filled { $0.machine = machine.machineID })
      case "RotateJoinKey", "RevokeJoinKey": try call.send(Cmdop_V1_JoinKeyRequest.filled { $0.key = joinKey.id })
      case "ListSessions":
        try call.send(Cmdop_V1_ListSessionsRequest.filled { ($0.machine, $0.includeEnded) = (machine.machineID, true) })
      case "EnterBackground", "WakeFromBackground":
        try call.send(Cmdop_V1_BackgroundRequest.filled { $0.sessionID = session })
      case "RevokeKey": try call.send(Cmdop_V1_RevokeKeyRequest.filled { $0.key = key.id })
      case "Refresh":
        try call.send(
          Cmdop_V1_RefreshRequest.filled { ($0.refreshToken, $0.fleet) = ("crt_guess", bench.fleet.rawValue) })
      case "PollDeviceLogin": try call.send(Cmdop_V1_PollDeviceLoginRequest.filled { $0.deviceCode = "cdc_guess" })
      case "RevokeInvitation": try call.send(Cmdop_V1_RevokeInvitationRequest.filled { $0.invitation = invitation.id })
      case "AcceptInvitation":
        try call.send(
          Cmdop_V1_AcceptInvitationRequest.filled {
            ($0.secret, $0.name, $0.password) = (invitation.id, "x", "12345678")
          })
      case "SetRole":
        try call.send(Cmdop_V1_SetRoleRequest.filled { ($0.member, $0.role) = (owner.account.id.rawValue, "viewer") })
      case "RemoveMember": try call.send(Cmdop_V1_RemoveMemberRequest.filled { $0.member = owner.account.id.rawValue })
      case "CreateShare":
        try call.send(Cmdop_V1_CreateShareRequest.filled { ($0.machine, $0.session) = (machine.machineID, session) })
      case "RevokeShare": try call.send(Cmdop_V1_RevokeShareRequest.filled { $0.share = share.id })
      case "Redeem": try call.send(Cmdop_V1_RedeemRequest.filled { $0.secret = share.id })
      case "ListShares": try call.send(Cmdop_V1_ListSharesRequest.filled { $0.includeEnded = true })
      case "Invite": try call.send(Cmdop_V1_InviteRequest.filled { $0.note = "x" })
      case "CreateKey": try call.send(Cmdop_V1_CreateKeyRequest.filled { $0.scopes = ["machines:read"] })
      case "CreateFleet": try call.send(Cmdop_V1_CreateFleetRequest.filled { $0.name = newIdentifier() })
      default: try call.send(Cmdop_V1_WhoAmIRequest())
      }
    }

    struct Answer {
      /// nil: it was answered.
      let refusal: CmdopError?
      let bytes: [UInt8]
      var leaks: Bool {
        let words = String(decoding: bytes, as: UTF8.self) + (refusal.map { "\($0.message) \($0.hint ?? "")" } ?? "")
        return words.lowercased().contains(IsolationTests.canary)
      }
    }

    func ask(_ path: String, _ token: String?) async throws -> Answer {
      let call = try await bench.dial().open(path, credential: token)
      defer { call.cancel() }
      try say(path, on: call)
      if path != CallPath.open && path != CallPath.connect { call.finish() }
      let alarm = Loop.eventLoop.scheduleTask(in: .milliseconds(700)) { Loop.assumeIsolated { call.cancel() } }
      defer { alarm.cancel() }
      var bytes: [UInt8] = []
      do {
        while let message = try await call.receive() {
          bytes += Array(message.readableBytesView)
          // A challenge and a stream of events go on: what they begin with is enough.
          if path == CallPath.connect || bytes.count > 100_000 { break }
        }
        return Answer(refusal: nil, bytes: bytes)
      } catch {
        let error = CmdopError(error)
        return Answer(refusal: path.hasSuffix("/Watch") && error.code == .connectionLost ? nil : error, bytes: bytes)
      }
    }
  }

  nonisolated static let all = CallPath.typed + [CallPath.open, CallPath.connect]
  /// Whoever asks is answered or refused by what the call itself says.
  nonisolated static let forAnybody: Set<String> = Set(
    [
      "Fleet/Enroll", "Auth/StartDeviceLogin", "Auth/PollDeviceLogin", "Auth/Refresh", "Auth/Revoke",
      "People/AcceptInvitation", "Shares/Redeem",
    ]
    .map { "/cmdop.v1.\($0)" } + [CallPath.connect])

  @Test("There are calls, and each has a policy: a call without one is not served")
  func complete() async throws {
    #expect(Self.all.count > 30)
    try await RelayBench.run { bench in
      let scene = try await Scene(bench)
      // The insider sees what the others must not: so the canary is where we look for it.
      for path in [
        "Fleet/ListMachines", "Sessions/ListSessions", "People/ListMembers", "Shares/ListShares", "Auth/ListKeys",
        "Fleet/ListJoinKeys", "Events/Watch", "Audit/Read",
      ] {
        #expect(try await scene.ask("/cmdop.v1.\(path)", RelayBench.token).leaks, "\(path)")
      }
      for path in Self.all {
        let answer = try await scene.ask(path, RelayBench.token)
        #expect(answer.refusal?.code != .unsupported, "\(path): \(answer.refusal?.message ?? "")")
      }
      let call = try await bench.dial().open("/cmdop.v1.Fleet/NewCall", credential: RelayBench.token)
      call.finish()
      #expect(await failure { try await call.receive() }?.code == .unsupported)
    }
  }

  @Test(
    "Without a credential, and with one that is forged, over, revoked or another relay's: not signed in, on every call")
  func notSignedIn() async throws {
    try await RelayBench.run { bench in
      let scene = try await Scene(bench)
      for (kind, token) in try await Self.deadCredentials(scene) {
        for path in Self.all where !Self.forAnybody.contains(path) {
          bench.clock.pass(61_000)  // the doors shut for a minute after ten wrong ones
          let answer = try await scene.ask(path, token)
          #expect(
            answer.refusal?.code == .unauthenticated,
            "\(kind) at \(path): \(answer.refusal?.code.rawValue ?? "answered")")
          #expect(!answer.leaks && answer.bytes.isEmpty, "\(kind) at \(path)")
        }
      }
    }
  }

  @Test("Calls for anybody give a stranger nothing of ours, whatever he names")
  func strangersAtOpenDoors() async throws {
    try await RelayBench.run { bench in
      let scene = try await Scene(bench)
      for path in Self.forAnybody.sorted() {
        let answer = try await scene.ask(path, nil)
        #expect(!answer.leaks, "\(path)")
        if ["StartDeviceLogin", "Revoke", "Connect"].contains(path.split(separator: "/").last.map(String.init)) {
          continue
        }
        #expect(
          [.unauthenticated, .denied, .notFound, .badUsage, .timeout].contains(answer.refusal?.code),
          "\(path): \(String(describing: answer.refusal))")
      }
    }
  }

  @Test("An owner of another fleet sees nothing of ours by any call, though he names it exactly")
  func otherFleet() async throws {
    try await RelayBench.run { bench in
      let scene = try await Scene(bench)
      let theirs = try await bench.registry.ensureDefaultFleet(name: "theirs").id
      _ = try await bench.registry.ensureOwner(name: "mallory", password: "correct horse", of: theirs)
      let mallory = try bench.registry.member("mallory", of: theirs)
      let tokens = try await bench.registry.signIn(mallory.account, fleet: theirs, client: "x", from: "x")
      for token in [RelayBench.strangerToken, tokens.accessToken] {
        for path in Self.all where !Self.forAnybody.contains(path) {
          let answer = try await scene.ask(path, token)
          #expect(!answer.leaks, "\(path)")
          if path == CallPath.open || path.hasSuffix("Machine") && !path.hasSuffix("ListMachines") {
            #expect(answer.refusal?.code == .notFound, "\(path)")
          }
        }
      }
      #expect(try bench.registry.member(Self.canary, of: bench.fleet).role == .owner)
      #expect(bench.registry.machineCount(in: bench.fleet) == 1)
    }
  }

  @Test("A viewer may what the table says, and a guest opens a terminal and nothing else")
  func viewerAndGuest() async throws {
    try await RelayBench.run { bench in
      let scene = try await Scene(bench)
      let guest = try await bench.registry.redeem(scene.shareSecret, name: "bob", from: "x").token
      let forViewers = [
        "WhoAmI", "ListMachines", "GetSettings", "ListSessions", "ListFleets", "ListMembers", "RemoveMember",
        "CreateKey", "ListKeys", "RevokeKey", "CreateFleet", "Watch",
      ]
      for path in Self.all where !Self.forAnybody.contains(path) {
        let asGuest = try await scene.ask(path, guest)
        if path != CallPath.open {
          #expect(asGuest.refusal?.code == .denied && !asGuest.leaks, "guest at \(path)")
        }
        let asViewer = try await scene.ask(path, RelayBench.viewerToken)
        if !forViewers.contains(path.split(separator: "/").last.map(String.init) ?? "") {
          #expect(
            asViewer.refusal?.code == .denied, "viewer at \(path): \(asViewer.refusal?.code.rawValue ?? "answered")")
        }
      }
      for other in [
        ControlMessage(.runCommand(.filled { $0.arguments = ["id"] })),
        ControlMessage(.toolRequest(.filled { $0.tool = "list_machines" })),
        ControlMessage(.destroySession(.filled { $0.session = scene.session })),
        ControlMessage(.sessionRequest(.filled { $0.session = scene.session })),
      ] {
        let call = try await bench.dial().open(CallPath.open, credential: guest)
        try call.send(other.to(scene.machine.machineID))
        #expect(await failure { try await call.receive() }?.code == .denied)
      }
      let elsewhere = try await FakeMachine("elsewhere", on: bench)
      let call = try await bench.dial().open(CallPath.open, credential: guest)
      try call.send(ControlMessage(.startSession(.init())).to(elsewhere.card.machineID))
      #expect(await failure { try await call.receive() }?.code == .notFound)
    }
  }

  /// Everything that was a credential once, or looks like one.
  private static func deadCredentials(_ scene: Scene) async throws -> [(String, String?)] {
    let (bench, registry, fleet) = (scene.bench, scene.bench.registry, scene.bench.fleet)
    let author = Author("x", in: fleet, from: "local")
    func tokens() async throws -> TokenSet {
      try await registry.signIn(scene.owner.account, fleet: fleet, client: "x", from: "x")
    }
    let expired = try await tokens().accessToken
    bench.clock.pass(2 * 3_600_000)
    let good = try await tokens()
    let ended = try await tokens()
    try await registry.signOut(ended.refreshToken, from: "x")
    let grant = try await registry.admit(token: good.accessToken)
    let key = try await registry.createKey(label: "dead", scopes: Set(Scope.allCases), ttl: 0, for: grant, by: author)
    _ = try await registry.revokeKey("dead", of: nil, by: author)
    let brief = try await registry.createKey(
      label: "brief", scopes: Set(Scope.allCases), ttl: 1, for: grant, by: author)
    let secret = try await registry.invite(.owner, ttl: 0, note: "", byRole: .owner, author).secret
    let leaver = try await registry.accept(secret: secret, as: .new(name: "leaver", password: "12345678"), from: "x")
    let left = try await registry.signIn(leaver.account, fleet: fleet, client: "x", from: "x")
    try await registry.remove(leaver, byRole: .owner, isOneself: true, author)
    var order = FleetRegistry.ShareOrder(machine: try registry.resolve(scene.machine.machineID, in: fleet))
    order.label = "gone"
    let link = try await registry.createShare(order, for: grant, by: author)
    let guest = try await registry.redeem(link.secret, name: "x", from: "x").token
    _ = try await registry.revokeShare("gone", of: nil, by: author)
    bench.clock.pass(1000)
    let otherRelay = try await FleetRegistry(
      try await registryDatabase(), keys: try SigningKeys(secrets: [SigningKeys.newSecret()]),
      now: { [clock = bench.clock] in clock.now })
    let far = try await otherRelay.ensureDefaultFleet(name: "ours")
    _ = try await otherRelay.ensureOwner(name: canary, password: "correct horse", of: far.id)
    let foreign = try await otherRelay.signIn(
      try otherRelay.member(canary, of: far.id).account, fleet: far.id, client: "x", from: "x")
    let parts = good.accessToken.split(separator: ".").map(String.init)
    let none = Data(#"{"alg":"none","typ":"at+jwt","kid":"x"}"#.utf8).base64EncodedString().replacingOccurrences(
      of: "=", with: "")
    var signature = Array(parts[2])
    signature[5] = signature[5] == "A" ? "B" : "A"
    return [
      ("none", nil), ("empty", ""), ("nonsense", "cmdop_nonsense"), ("injection", "' OR 1=1 --"), ("expired", expired),
      ("signed out", ended.accessToken), ("revoked key", key.secret), ("expired key", brief.secret),
      ("left", left.accessToken),
      ("revoked link", guest), ("link itself", link.secret), ("refresh token", good.refreshToken),
      ("other relay", foreign.accessToken),
      ("forged signature", "\(parts[0]).\(parts[1]).\(String(signature))"), ("alg none", "\(none).\(parts[1])."),
      ("alg none with a signature", "\(none).\(parts[1]).\(parts[2])"),
    ]
  }
}

private func registryDatabase() async throws -> Database { try await Database(inMemory: FleetRegistry.migrations) }
