import Core

/// What our links have in common.
struct LinkParts {
  static let schemes = ["https://", "http://"]
  /// "https://host:port"
  let origin: String
  let path: Substring
  /// nil: there is no "#".
  let fragment: Substring?

  init(_ text: String, _ broken: CmdopError) throws(CmdopError) {
    guard text.utf8.count < 2048, let scheme = Self.schemes.first(where: { text.hasPrefix($0) }) else { throw broken }
    let rest = text.dropFirst(scheme.count)
    guard let slash = rest.firstIndex(of: "/") else { throw broken }
    let authority = rest[..<slash]
    let tail = rest[slash...].split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    path = tail.first ?? ""
    fragment = tail.count == 2 ? tail[1] : nil
    guard !authority.contains("#") else { throw broken }
    // A link is for browsers too: without a port it means theirs.
    let hasPort = authority.contains("]") ? authority.contains("]:") : authority.contains(":")
    origin = scheme + authority + (hasPort ? "" : scheme == "https://" ? ":443" : ":80")
  }

  func relay(pins: Substring?, _ broken: CmdopError) throws(CmdopError) -> RelayAddress {
    if let pins, pins.isEmpty || origin.hasPrefix("http://") { throw broken }
    return try RelayAddress(named: origin + (pins.map { "#\($0)" } ?? ""))
  }

  static func origin(_ relay: RelayAddress) -> String {
    "\(relay.trust == .plaintext ? "http" : "https")://\(relay.hostAndPort)"
  }

  /// The prefix, and base64url behind it: no secret of ours is longer than 128 characters.
  static func isSecret(_ text: some StringProtocol, prefix: String) -> Bool {
    let rest = text.dropFirst(prefix.count)
    return text.hasPrefix(prefix) && (16...128).contains(rest.utf8.count)
      && rest.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
      }
  }
}
