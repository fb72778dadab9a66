public import Core
import Fleet
import Logging
import Wire

/// Who was let in, with what, and from where.
struct Pass: Sendable {
  let grant: Grant
  let address: String

  var caller: Caller { grant.caller }
  var fleet: FleetID { grant.caller.fleet }
  var actor: Author { Author(grant.caller.subject, in: fleet, from: address, with: grant) }

  func allows(_ right: Right) -> Bool { RoleTable.allows(right, role: caller.role, scopes: grant.scopes) }

  func require(_ right: Right) throws(CmdopError) {
    try RoleTable.require(right, role: caller.role, scopes: grant.scopes)
  }

  /// For calls that `Policy` gives to anybody.
  @TaskLocal static var current: Pass?

  static func required() throws(CmdopError) -> Pass {
    guard let current else {
      throw CmdopError(.unauthenticated, "you are not signed in", hint: "cmdop login RELAY")
    }
    return current
  }
}

/// The one way in: every call and every page passes `admit`.
extension RelayService {
  /// nil: anybody may ask this, or the call proves itself later. Throws `unauthenticated`, `denied`, `limit`; what was
  /// refused stands in the trail.
  func admit(_ call: CallStream, _ policy: Policy) async throws(CmdopError) -> Pass? {
    switch policy {
    case .machine, .anybody: return nil
    case .operation, .signedIn:
      let pass = try await pass(of: call)
      if case .signedIn = policy, pass.caller.kind == .guest { throw await refuse(pass, call.path, Self.guestsOnly) }
      return pass
    case .holder(let right):
      let pass = try await pass(of: call)
      if pass.caller.kind == .guest { throw await refuse(pass, call.path, Self.guestsOnly) }
      do { try pass.require(right) } catch { throw await refuse(pass, call.path, error) }
      return pass
    }
  }

  private static var guestsOnly: CmdopError {
    CmdopError(.denied, "a link opens a terminal and nothing else", hint: "cmdop connect LINK")
  }

  /// Whose credential stands in the call's headers. Wrong ones are counted per address; who has a right one is never shut
  /// out by others behind the same address.
  private func pass(of call: CallStream) async throws(CmdopError) -> Pass {
    if call.credential == nil, call.header("cmdop-as") == "machine",
      let line = try board.line(
        carrying: call, showing: call.header("cmdop-registration") ?? "", isBehindProxy: isBehindProxy(call)),
      let machine = fleets.machine(line.machine, in: line.fleet)
    {
      return Pass(grant: fleets.grant(machine: machine), address: address(of: call))
    }
    guard let token = call.credential, !token.isEmpty else {
      throw CmdopError(
        .unauthenticated, "you are not signed in",
        hint: "cmdop login RELAY   # on the relay's host: cmdop login RELAY --token \"$(cmdop relay token)\"")
    }
    let address = address(of: call)
    return Pass(grant: try await grant(token, from: address), address: address)
  }

  func grant(_ token: String, from address: String) async throws(CmdopError) -> Grant {
    do {
      let grant = try await fleets.admit(token: token)
      try await fleets.markUsed(grant)
      return grant
    } catch {
      guard error.code == .unauthenticated else { throw error }
      try limiter.check(.token, address, now: now())
      await wrongSecret(.token, address, what: "token")
      throw error
    }
  }

  /// Where a call comes from: behind a proxy that we were told to trust, the address that it names (the last one: those
  /// before it are what the client says).
  func address(of call: CallStream) -> String {
    address(peer: call.peer, forwarded: IPText.forwarded(call.headers(named: "x-forwarded-for")))
  }

  /// Who sent it may share its connection with others.
  func isBehindProxy(_ call: CallStream) -> Bool { options.trustedProxies.contains(call.peer) }

  func address(peer: String, forwarded: String?) -> String {
    guard options.trustedProxies.contains(peer), let named = forwarded?.split(separator: ",").last else { return peer }
    return PlainText.short(named.filter { !$0.isWhitespace })
  }

  /// Counts it, and writes it down: each one, until the door is shut.
  func wrongSecret(_ door: DoorLimiter.Door, _ address: String, what: String) async {
    await refusedStranger(address, what: what, shut: limiter.count(door, address, now: now()))
  }

  /// Strangers do not fill the disk: of very many refusals in a minute the first ones stand in the trail, and their number.
  func refusedStranger(_ address: String, what: String, shut: Bool) async {
    guard let unsaid = strangers.mayNote(now: now()) else { return }
    await fleets.trail.note(
      AuditNote(
        "door.refused", by: "nobody", in: Self.ownTrail, object: what, isRefused: true,
        detail: [
          shut ? "too many: the door is shut for this address" : nil,
          unsaid > 0 ? "\(unsaid) refusals before this one are not written down" : nil,
        ].compactMap(\.self).joined(separator: "; "), address: address))
  }

  static var ownTrail: FleetID { FleetRegistry.ownTrail }

  func refuse(_ pass: Pass, _ what: String, _ error: CmdopError) async -> CmdopError {
    var note = AuditNote(
      "door.refused", by: pass.caller.subject, in: pass.fleet, object: what, detail: error.message,
      address: pass.address)
    note.isRefused = true
    // Somebody with a right credential may ask a million wrong things: the first ten a minute are enough to know.
    let source = pass.caller.subject + pass.fleet.rawValue
    if !limiter.isShut(.refusal, source, now: now()) {
      limiter.count(.refusal, source, now: now())
      await fleets.trail.note(note)
    }
    return error
  }
}

/// The relay's pages behind its admission.
public struct RelayDoor: HTTPDoor {
  private let relay: RelayService
  private let pages: any HTTPDoor

  public init(_ relay: RelayService, pages: any HTTPDoor) { (self.relay, self.pages) = (relay, pages) }

  public func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    guard Policy.page(ask.method, ask.path) != nil else {
      let known = Policy.pages.contains { Policy.page($0.method, ask.path) != nil }
      return HTTPAnswer(
        status: known ? 405 : 404, headers: [("content-type", "application/json"), ("cache-control", "no-store")],
        body: Array("{\"error\":\"no such page\"}\n".utf8))
    }
    var ask = ask
    ask.peer = await relay.address(peer: ask.peer, forwarded: IPText.forwarded(ask.headers(named: "x-forwarded-for")))
    return await pages.answer(ask)
  }
}

/// How many refusals of strangers are written down: 300 a minute.
@Loop
final class StrangerBudget: Sendable {
  private var minute: Int64 = 0
  private var written = 0
  private var unsaid = 0
  nonisolated init() {}

  /// nil: not this one. Else how many were left out before it.
  func mayNote(now: Int64) -> Int? {
    if now / 60_000 != minute { (minute, written) = (now / 60_000, 0) }
    guard written < 300 else {
      unsaid += 1
      return nil
    }
    written += 1
    defer { unsaid = 0 }
    return unsaid
  }
}

/// The calls that are open now, with what they were let in. When a grant ends, what was opened with it ends.
@Loop
final class LiveCalls: Sendable {
  private var open: [ObjectIdentifier: (call: CallStream, pass: Pass)] = [:]

  func enter(_ call: CallStream, _ pass: Pass) { open[ObjectIdentifier(call)] = (call, pass) }
  func leave(_ call: CallStream) { open[ObjectIdentifier(call)] = nil }

  func count(share id: String) -> Int {
    open.values.count { $0.pass.grant.source == .share(id) && $0.call.path == CallPath.open }
  }

  /// Ends those that `fault` finds something wrong with.
  func sweep(_ fault: (Grant) -> CmdopError?) -> [(pass: Pass, error: CmdopError)] {
    let over = open.values.compactMap { entry in fault(entry.pass.grant).map { (entry.call, entry.pass, $0) } }
    for (call, _, error) in over {
      leave(call)
      call.end(error)
    }
    return over.map { ($0.1, $0.2) }
  }
}
