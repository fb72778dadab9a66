public import Core
import Crypto
import FoundationEssentials

/// The relay's Ed25519 keys (RFC 8032): they sign access tokens and the ends of audit trails. The first one signs; the
/// others were replaced, and what they have signed holds until it ends.
public struct SigningKeys: Sendable {
  struct Key: Sendable {
    let id: String
    let secret: Curve25519.Signing.PrivateKey
    /// When it was replaced, milliseconds since 1970; nil: it is in use.
    let retiredAt: Int64?
  }
  let keys: [Key]
  /// What a replaced key has signed may hold so long: as long as the longest link.
  static let afterlife: Int64 = 30 * 86_400_000

  /// Makes the 32 secret bytes of a new key.
  public static func newSecret() -> [UInt8] { Array(Curve25519.Signing.PrivateKey().rawRepresentation) }

  /// From what `newSecret` gave. `replaced`: the key before this one, and when it was replaced (milliseconds since 1970): what
  /// it has signed afterwards is nobody's. Throws `internal` for anything else.
  public init(
    secrets: [[UInt8]], replaced: (secret: [UInt8], at: Int64)? = nil
  ) throws(CmdopError) {
    do {
      let all = secrets.map { ($0, Int64?.none) } + (replaced.map { [($0.secret, $0.at)] } ?? [])
      keys = try all.map { bytes, retiredAt in
        let key = try Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        return Key(
          id: String(hex(SHA256.hash(data: key.publicKey.rawRepresentation)).prefix(16)), secret: key,
          retiredAt: retiredAt)
      }
    } catch { throw CmdopError(.internalError, "the relay's signing key is damaged") }
    guard !keys.isEmpty else { throw CmdopError(.internalError, "the relay has no signing key") }
  }

  /// Key ids and 32 bytes each, the signing one first.
  public var publicKeys: [(id: String, key: [UInt8])] {
    keys.map { ($0.id, Array($0.secret.publicKey.rawRepresentation)) }
  }

  func sign(_ bytes: [UInt8]) throws(CmdopError) -> [UInt8] {
    do { return Array(try keys[0].secret.signature(for: bytes)) } catch {
      throw CmdopError(.internalError, "the relay's key could not sign")
    }
  }
}
