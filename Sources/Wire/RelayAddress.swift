public import Core
import FoundationEssentials
import SwiftProtobuf

/// How a relay is reached and how it is recognised.
public struct RelayAddress: Hashable, Sendable, CustomStringConvertible {
  public enum Trust: Hashable, Sendable {
    /// TLS; this public key and no other.
    case pinned(KeyFingerprint)
    /// TLS; verified by the system's roots and the host's name.
    case systemRoots
    /// No TLS. Only to a loopback address.
    case plaintext
  }
  public static let standardPort = 63141

  public let host: String
  /// 1 to 65535.
  public let port: Int
  public let trust: Trust

  public init(host: String, port: Int, trust: Trust) {
    (self.host, self.port, self.trust) = (host, port, trust)
  }

  /// `host`, `host:port`, `[v6]:port`, `https://host:port`, each with `#fingerprint` behind it; `http://127.0.0.1:port`.
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
      guard let pin = KeyFingerprint(String(rest[rest.index(after: mark)...])) else {
        throw bad("what follows # is no fingerprint of 43 characters")
      }
      trust = .pinned(pin)
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

  /// Whether the two lead to one relay: the same key, or, where nothing is pinned, the same name.
  public func isSameRelay(as other: RelayAddress) -> Bool {
    switch (trust, other.trust) {
    case (.pinned(let mine), .pinned(let theirs)): mine == theirs
    case (.systemRoots, .systemRoots), (.plaintext, _), (_, .plaintext): hostAndPort == other.hostAndPort
    default: false
    }
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
    case .pinned(let pin): "https://\(hostAndPort)#\(pin)"
    case .systemRoots: "https://\(hostAndPort)"
    case .plaintext: "http://\(hostAndPort)"
    }
  }
}

/// The fleet's secret by which a machine enrols, with the way to the relay and the relay's fingerprint: one word to paste.
public struct JoinKey: Hashable, Sendable, CustomStringConvertible {
  private static let prefix = "cjk_"
  public let addresses: [RelayAddress]
  public let secret: String

  public init(addresses: [RelayAddress], secret: String) { (self.addresses, self.secret) = (addresses, secret) }

  public init(_ text: String) throws(CmdopError) {
    let broken = CmdopError(
      .badUsage, "this is no join key: a join key starts with cjk_ and was printed by the relay",
      hint: "cmdop relay join-key   # on the relay's host")
    guard text.hasPrefix(Self.prefix), text.utf8.count < 8192,
      let bytes = Base64URL.decode(String(text.dropFirst(Self.prefix.count))),
      let ticket = try? Cmdop_V1_JoinTicket(serializedBytes: bytes), !ticket.addresses.isEmpty, !ticket.secret.isEmpty
    else { throw broken }
    var addresses: [RelayAddress] = []
    for text in ticket.addresses {
      let plain = try RelayAddress(text)
      guard !ticket.fingerprint.isEmpty else {
        addresses.append(plain)
        continue
      }
      guard let pin = KeyFingerprint(bytes: Array(ticket.fingerprint)) else { throw broken }
      addresses.append(RelayAddress(host: plain.host, port: plain.port, trust: .pinned(pin)))
    }
    self.init(addresses: addresses, secret: ticket.secret)
  }

  public var description: String {
    let ticket = Cmdop_V1_JoinTicket.with {
      $0.addresses = addresses.map(\.hostAndPort)
      if case .pinned(let pin) = addresses.first?.trust { $0.fingerprint = .init(pin.bytes) }
      $0.secret = secret
    }
    let bytes: [UInt8] = (try? ticket.serializedBytes()) ?? []
    return Self.prefix + Base64URL.encode(bytes)
  }
}
