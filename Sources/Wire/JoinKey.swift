public import Core
import FoundationEssentials
import SwiftProtobuf

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
    let isCut = CmdopError(
      .badUsage, "this join key is incomplete or mistyped: it starts with cjk_, and the rest does not fit",
      hint: broken.hint)
    guard text.hasPrefix(Self.prefix) else { throw broken }
    guard text.utf8.count < 8192,
      let bytes = Base64URL.decode(String(text.dropFirst(Self.prefix.count))),
      let ticket = try? Cmdop_V1_JoinTicket(serializedBytes: bytes), !ticket.addresses.isEmpty, !ticket.secret.isEmpty
    else { throw isCut }
    var addresses: [RelayAddress] = []
    for text in ticket.addresses {
      let plain = try RelayAddress(named: text)
      guard !ticket.fingerprint.isEmpty else {
        addresses.append(plain)
        continue
      }
      guard let pin = KeyFingerprint(bytes: Array(ticket.fingerprint)) else { throw isCut }
      addresses.append(RelayAddress(host: plain.host, port: plain.port, trust: .pinned(pin)))
    }
    self.init(addresses: addresses, secret: ticket.secret)
  }

  public var description: String {
    let ticket = Cmdop_V1_JoinTicket.with {
      $0.addresses = addresses.map(\.hostAndPort)
      if let pin = addresses.first?.pins.first { $0.fingerprint = .init(pin.bytes) }
      $0.secret = secret
    }
    let bytes: [UInt8] = (try? ticket.serializedBytes()) ?? []
    return Self.prefix + Base64URL.encode(bytes)
  }
}
