public import Core
import Crypto
import FoundationEssentials
import Synchronization

/// A machine's PIN: the second gate, on the machine itself, for what comes over the relay.
///
/// Five wrong ones shut it for a quarter of an hour. Tries are judged one after the other, and each counts before it is
/// judged: neither a hundred at once nor a restart gives a free one. docs/decisions/0007 has the reasons.
public final class PINLock: Sendable {
  /// What stands in the machine's `pin` file.
  public struct State: Codable, Hashable, Sendable {
    /// As SlowHash writes it.
    public var hash: String
    /// When it was set: milliseconds since 1970, as is `lockedUntil`.
    public var setAt: Int64
    /// Wrong tries since the last right one.
    public var wrong = 0
    /// 0: not locked.
    public var lockedUntil: Int64 = 0

    enum CodingKeys: String, CodingKey {
      case hash, wrong
      case setAt = "set_at_ms"
      case lockedUntil = "locked_until_ms"
    }

    /// Throws `bad_usage` for what is no PIN. `now`: milliseconds since 1970.
    public init(pin: String, now: Int64) async throws(CmdopError) {
      guard PINLock.isPossible(pin) else {
        throw CmdopError(.badUsage, "a PIN has 4 to 64 characters, none of them a control character")
      }
      (hash, setAt) = (try await SlowHash.make(pin), now)
    }

    /// Whether it is shut at this time.
    public func isLocked(at now: Int64) -> Bool { now < lockedUntil }
  }

  public typealias Load = @Sendable () throws(CmdopError) -> State?
  public typealias Save = @Sendable (State) throws(CmdopError) -> Void
  /// Wrong tries until it shuts.
  public static let tries = 5
  /// For how long: milliseconds.
  public static let pause: Int64 = 15 * 60_000

  private struct Memory {
    /// The last right PIN under this process's key, and the hash it belongs to: scrypt is for strangers.
    var known: (hash: String, code: [UInt8])?
    /// What could not be written; counts as long as the file has not been set anew.
    var unsaved: State?
  }
  private let memory = Mutex(Memory())
  private let host: String
  private let load: Load
  private let save: Save
  private let now: @Sendable () -> Int64
  private let key = SymmetricKey(size: .bits256)
  /// One after the other. 32 that wait are three seconds.
  private let bench = SlowWork("PINs to be checked", threads: 1, most: 32)

  /// `host`: the machine's name, for messages. `load` gives nil where no PIN is set, and is asked each time: a file that
  /// has changed counts at once.
  public init(host: String, load: @escaping Load, save: @escaping Save, now: @escaping @Sendable () -> Int64) {
    (self.host, self.load, self.save, self.now) = (host, load, save, now)
  }

  static func isPossible(_ pin: String) -> Bool {
    (4...64).contains(pin.count) && pin.utf8.count <= 512
      && !pin.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
  }

  /// Returns when no PIN is set, or when this is it. Throws `pin_required` for a missing or a wrong one, `limit` while it is
  /// shut, also for the right one.
  public nonisolated(nonsending) func admit(_ pin: String) async throws(CmdopError) {
    guard let state = try current() else { return }
    try check(state)
    if pin.isEmpty {
      throw CmdopError(.pinRequired, "\(host) wants its PIN", hint: "cmdop connect \(host) --pin PIN")
    }
    if state.wrong == 0, isKnown(pin, state) { return }
    // Whatever happens to the asker, the try is judged to its end.
    try await bench.run { () -> Result<Void, CmdopError> in
      do throws(CmdopError) { return .success(try self.judge(pin)) } catch { return .failure(error) }
    }.get()
  }

  private func judge(_ pin: String) throws(CmdopError) {
    guard var state = try current() else { return }
    try check(state)
    state.wrong = state.lockedUntil > 0 ? 1 : state.wrong + 1
    state.lockedUntil = state.wrong >= Self.tries ? now() + Self.pause : 0
    keep(state)
    let isRight = isKnown(pin, state) || Self.isPossible(pin) && SlowHash.isMatching(pin, state.hash)
    guard isRight else {
      try check(state)
      let left = Self.tries - state.wrong
      throw CmdopError(
        .pinRequired, "this is not the PIN of \(host): \(left == 1 ? "one try is" : "\(left) tries are") left",
        hint: "cmdop connect \(host) --pin PIN")
    }
    (state.wrong, state.lockedUntil) = (0, 0)
    keep(state)
    let known = (state.hash, code(of: pin))
    memory.withLock { $0.known = known }
  }

  private func check(_ state: State) throws(CmdopError) {
    let left = state.lockedUntil - now()
    guard left > 0 else { return }
    let until = Date(timeIntervalSince1970: Double(state.lockedUntil) / 1000).ISO8601Format()
    throw CmdopError(
      .limit, "\(host) takes no PIN until \(until): there were \(Self.tries) wrong ones",
      hint: "wait \((left + 59_999) / 60_000) min, or on \(host): cmdop connect password set",
      retryAfter: .milliseconds(left))
  }

  private func current() throws(CmdopError) -> State? {
    let damaged = CmdopError(
      .internalError, "what \(host) knows of its PIN is damaged: nobody comes in over the relay",
      hint: "on \(host): cmdop connect password set")
    let stored: State?
    do { stored = try load() } catch { throw damaged }
    guard var state = stored else { return nil }
    if let unsaved = memory.withLock({ $0.unsaved }), unsaved.hash == state.hash { state = unsaved }
    guard SlowHash.isReadable(state.hash), state.wrong >= 0 else { throw damaged }
    if state.lockedUntil > now() + Self.pause {  // a clock that was put back must not shut it for longer
      state.lockedUntil = now() + Self.pause
      keep(state)
    }
    return state
  }

  /// A full disk does not open the gate and does not shut it: then the count lives here until it can be written.
  private func keep(_ state: State) {
    do {
      guard try load()?.hash == state.hash else { return }  // it was set anew meanwhile
      try save(state)
      memory.withLock { $0.unsaved = nil }
    } catch { memory.withLock { $0.unsaved = state } }
  }

  private func isKnown(_ pin: String, _ state: State) -> Bool {
    guard let known = memory.withLock({ $0.known }), known.hash == state.hash else { return false }
    return HMAC<SHA256>.isValidAuthenticationCode(known.code, authenticating: Array(pin.utf8), using: key)
  }

  private func code(of pin: String) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: Array(pin.utf8), using: key))
  }
}
