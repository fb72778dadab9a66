public import Core

/// How a relay is reached and how it is recognised.
public struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
  public enum Trust: Hashable, Sendable {
    /// TLS; this public key, or one of those that the relay has announced to use next, and no other.
    case pinned(KeyFingerprint, or: [KeyFingerprint] = [])
    /// TLS; verified by the system's roots and the host's name.
    case systemRoots
    /// No TLS. Only to a loopback address.
    case plaintext
  }
  public static let standardPort = 63141
  /// Keys that are pinned at once: more than a relay ever needs to change its own.
  public static let mostPins = 8

  public let host: String
  /// 1 to 65535.
  public let port: Int
  public let trust: Trust

  public init(host: String, port: Int, trust: Trust) {
    (self.host, self.port, self.trust) = (host, port, trust)
  }

  /// `host`, `host:port`, `[v6]:port`, `https://host:port`, each with `#fingerprint` or `#fingerprint,fingerprint…` behind
  /// it, the one in use first; `http://127.0.0.1:port`.
  public init(_ text: String) throws(CmdopError) {
    func bad(_ why: String) -> CmdopError {
      CmdopError(.badUsage, "\"\(text)\" is no relay address: \(why)", hint: "host:63141, or host:63141#FINGERPRINT")
    }
    var rest = text[...]
    var plain = false
    if rest.hasPrefix("https://") { rest = rest.dropFirst(8) }
    if rest.hasPrefix("http://") { (rest, plain) = (rest.dropFirst(7), true) }
    var trust = plain ? Trust.plaintext : .systemRoots
    if let mark = rest.lastIndex(of: "#") {
      let pins = rest[rest.index(after: mark)...].split(separator: ",", omittingEmptySubsequences: false)
        .map { KeyFingerprint(String($0)) }
      guard let trusted = Trust(pins: pins.compactMap(\.self)), !pins.contains(nil) else {
        throw bad("what follows # is no fingerprint of 43 characters")
      }
      trust = trusted
      rest = rest[..<mark]
    }
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let (host, port) = try Self.split(rest, bad)
    if plain && !Self.isLoopback(host) {
      throw CmdopError(
        .badUsage, "\(host) cannot be reached in plaintext: only a loopback address can",
        hint: "https://\(host):\(port)")
    }
    self.init(host: host, port: port, trust: trust)
  }

  /// As people and links name a relay: with one key at most. Who could name several would name another relay's beside their
  /// own, and be taken for it.
  public init(named text: String) throws(CmdopError) {
    try self.init(text)
    guard pins.count <= 1 else {
      throw CmdopError(
        .badUsage, "a relay is named by one key, and \(hostAndPort) by \(pins.count)",
        hint: "\(hostAndPort)#FINGERPRINT   # the one that it has now: cmdop relay status, on its host")
    }
  }

  private static func split(_ text: Substring, _ bad: (String) -> CmdopError) throws(CmdopError) -> (String, Int) {
    var host = text
    var port = standardPort
    let colons = text.filter { $0 == ":" }.count
    if let colon = text.lastIndex(of: ":"), colons == 1 || text.contains("]:") {
      guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
        throw bad("the port is not a number from 1 to 65535")
      }
      (host, port) = (text[..<colon], number)
    }
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty, host.allSatisfy({ $0.isASCII && !$0.isWhitespace && $0 != "/" && $0 != "@" }) else {
      throw bad("the host is missing or has characters that no host has")
    }
    return (String(host), port)
  }

  /// Whether the two are one relay. A relay is its first key, or, where nothing is pinned, its name. Further keys are only
  /// what that one says that it will have: they may be anybody's.
  public func isSameRelay(as other: RelayAddress) -> Bool {
    switch (trust, other.trust) {
    case (.pinned(let key, _), .pinned(let otherKey, _)): key == otherKey
    case (.systemRoots, .systemRoots), (.plaintext, .plaintext): hostAndPort == other.hostAndPort
    default: false
    }
  }

  /// The same, though one of the two has not heard yet that the relay has another key: at one place, with a key in common.
  public func isSameRelayOrSuccessor(of other: RelayAddress) -> Bool {
    isSameRelay(as: other) || hostAndPort == other.hostAndPort && !Set(pins).isDisjoint(with: other.pins)
  }

  /// Whether nobody can answer here whom `other` does not name: what was meant for `other` may be sent here.
  public func isWithin(_ other: RelayAddress) -> Bool {
    pins.isEmpty ? isSameRelay(as: other) : Set(pins).isSubset(of: other.pins)
  }

  /// The same place with fewer keys; nil: none is left.
  public func keeping(_ isKept: (KeyFingerprint) -> Bool) -> RelayAddress? {
    guard !pins.isEmpty else { return self }
    return Trust(pins: pins.filter(isKept)).map { RelayAddress(host: host, port: port, trust: $0) }
  }

  /// As people say it: with the first key only.
  public var spoken: String { keeping { $0 == pins.first }?.description ?? description }

  /// The keys that it may show, the one in use first; none where the system's roots verify.
  public var pins: [KeyFingerprint] {
    if case .pinned(let first, let others) = trust { [first] + others } else { [] }
  }

  /// The same relay with the keys that it has announced. Those count only together with one that is known already: nobody
  /// else can have said them, but a list without it would lock us out.
  public func announcing(_ announced: [String]) -> RelayAddress {
    let next = announced.compactMap { KeyFingerprint($0) }
    guard next.count == announced.count, !Set(next).isDisjoint(with: pins), let trust = Trust(pins: next) else {
      return self
    }
    return RelayAddress(host: host, port: port, trust: trust)
  }

  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }

  public var hostAndPort: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// Text that `init` reads again.
  public var description: String {
    switch trust {
    case .pinned: "https://\(hostAndPort)#\(pins.map(\.description).joined(separator: ","))"
    case .systemRoots: "https://\(hostAndPort)"
    case .plaintext: "http://\(hostAndPort)"
    }
  }
}

extension RelayAddress.Trust {
  /// nil without a key, and for more than `mostPins`.
  init?(pins: [KeyFingerprint]) {
    guard let first = pins.first, pins.count <= RelayAddress.mostPins else { return nil }
    self = .pinned(first, or: Array(pins.dropFirst()))
  }
}
