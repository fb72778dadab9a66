import Core
import Fleet

/// Devices that wait for a person's approval (RFC 8628). In memory: a relay that restarts asks them to begin again.
@Loop
final class DeviceLogins: Sendable {
  enum State {
    case pending
    case approved(AccountRecord, FleetID, at: Int64)
    case refused
  }
  struct Waiting {
    let view: DeviceLoginView
    let expiresAt: Int64
    var polledAt: Int64 = 0
    var state = State.pending
  }
  nonisolated static let span: Int64 = 600_000
  /// Seconds between two polls.
  nonisolated static let interval = 2
  private static let most = 10_000
  private var waiting: [String: Waiting] = [:]
  private var deviceCodeOf: [String: String] = [:]

  nonisolated init() {}

  /// Throws `limit` when very many wait already.
  func begin(client: String, address: String, now: Int64) throws(CmdopError) -> (deviceCode: String, userCode: String) {
    forgetOld(now)
    guard waiting.count < Self.most else {
      throw CmdopError(.limit, "very many devices wait for approval", hint: "try again later", retryAfter: .seconds(60))
    }
    let deviceCode = newSecret(prefix: "cdc_")
    var userCode = Self.newUserCode()
    while deviceCodeOf[userCode] != nil { userCode = Self.newUserCode() }
    waiting[deviceCode] = Waiting(
      view: DeviceLoginView(userCode: userCode, client: PlainText.short(client), address: address, startedAt: now),
      expiresAt: now + Self.span)
    deviceCodeOf[userCode] = deviceCode
    return (deviceCode, userCode)
  }

  /// Eight letters without vowels, so that no word comes of it: 34 bits (RFC 8628, section 6.1).
  private static func newUserCode() -> String {
    let letters = Array("BCDFGHJKLMNPQRSTVWXZ")
    let code = (0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] }
    return String(code[..<4]) + "-" + String(code[4...])
  }

  /// What people type: case, blanks and dashes do not count.
  private static func normal(_ userCode: String) -> String {
    let letters = userCode.uppercased().filter { $0.isLetter && $0.isASCII }
    return letters.count == 8 ? "\(letters.prefix(4))-\(letters.dropFirst(4))" : letters
  }

  /// nil: unknown, decided, or over.
  func pending(userCode: String, now: Int64) -> DeviceLoginView? {
    guard let code = deviceCodeOf[Self.normal(userCode)], let found = waiting[code], found.expiresAt > now,
      case .pending = found.state
    else { return nil }
    return found.view
  }

  func decide(userCode: String, _ state: State) {
    guard let code = deviceCodeOf[Self.normal(userCode)] else { return }
    waiting[code]?.state = state
  }

  /// nil: pending. One that is decided can be asked for once.
  func poll(_ deviceCode: String, now: Int64) throws(CmdopError) -> (
    AccountRecord, FleetID, client: String, approvedAt: Int64
  )? {
    guard let found = waiting[deviceCode], found.expiresAt > now else {
      throw CmdopError(.timeout, "this code is over", hint: "cmdop login RELAY")
    }
    switch found.state {
    case .pending:
      let early = now - found.polledAt < Int64(Self.interval) * 1000 - 500
      waiting[deviceCode]?.polledAt = now
      if early {
        throw CmdopError(.limit, "polled too fast", hint: "wait", retryAfter: .seconds(Int64(Self.interval) + 5))
      }
      return nil
    case .refused:
      forget(deviceCode)
      throw CmdopError(.denied, "the person who was asked has refused", hint: "cmdop login RELAY")
    case .approved(let account, let fleet, let at):
      forget(deviceCode)
      return (account, fleet, found.view.client, at)
    }
  }

  private func forget(_ deviceCode: String) {
    guard let old = waiting.removeValue(forKey: deviceCode) else { return }
    deviceCodeOf[old.view.userCode] = nil
  }

  private func forgetOld(_ now: Int64) {
    for (code, entry) in waiting where entry.expiresAt <= now { forget(code) }
  }
}
