public import Core

/// A guest's link: `https://host:port/s#shr_SECRET`, with `.FINGERPRINT` behind it where the relay is known by its key. What
/// stands behind `#` is sent to no server by a browser.
public struct ShareLink: Hashable, Sendable, CustomStringConvertible {
  public let relay: RelayAddress
  /// "shr_…"
  public let secret: String

  public init(relay: RelayAddress, secret: String) { (self.relay, self.secret) = (relay, secret) }

  public init(_ text: String) throws(CmdopError) {
    let broken = CmdopError(
      .badUsage, "this is no link to a share", hint: "https://host:63141/s#shr_…   # the whole of it, in quotes")
    let parts = try LinkParts(text, broken)
    let words = (parts.fragment ?? "").split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.path == "/s", let secret = words.first, LinkParts.isSecret(secret, prefix: "shr_") else {
      throw broken
    }
    relay = try parts.relay(pins: words.count == 2 ? words[1] : nil, broken)
    self.secret = String(secret)
  }

  /// Whether somebody means a link rather than a machine.
  public static func isMeant(by text: String) -> Bool { LinkParts.schemes.contains { text.hasPrefix($0) } }

  public var description: String {
    return "\(LinkParts.origin(relay))/s#\(secret)\(relay.pins.first.map { ".\($0)" } ?? "")"
  }
}
