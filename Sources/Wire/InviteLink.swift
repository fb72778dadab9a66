public import Core

/// A link by which somebody becomes a member: `https://host:port/invite/inv_SECRET#FINGERPRINT`.
public struct InviteLink: Hashable, Sendable, CustomStringConvertible {
  public let relay: RelayAddress
  /// "inv_…"
  public let secret: String

  public init(relay: RelayAddress, secret: String) { (self.relay, self.secret) = (relay, secret) }

  public init(_ text: String) throws(CmdopError) {
    let broken = CmdopError(
      .badUsage, "this is no invitation", hint: "https://host:63141/invite/inv_…   # the whole of it, in quotes")
    let parts = try LinkParts(text, broken)
    let folder = "/invite/"
    let secret = parts.path.dropFirst(folder.count)
    guard parts.path.hasPrefix(folder), LinkParts.isSecret(secret, prefix: "inv_") else { throw broken }
    relay = try parts.relay(pins: parts.fragment, broken)
    self.secret = String(secret)
  }

  /// Whether somebody means an invitation rather than a relay's address.
  public static func isMeant(by text: String) -> Bool {
    ShareLink.isMeant(by: text) && text.contains("/invite/")
  }

  public var description: String {
    return "\(LinkParts.origin(relay))/invite/\(secret)\(relay.pins.first.map { "#\($0)" } ?? "")"
  }
}
