import Core
import Crypto
import FoundationEssentials
import JWTKit

/// What an access token says (RFC 7519, with RFC 9068's type). Times are seconds since 1970.
struct AccessClaims: JWTPayload, Hashable {
  enum Kind: String, Codable { case login, share }
  /// A person's login, or a guest's link.
  let kind: Kind
  /// The account's or the share's id.
  let sub: String
  /// The fleet's id.
  let aud: String
  let iat: Int64
  let exp: Int64
  let jti: String
  /// The login's id; with it the token ends.
  let sid: String
  /// How a guest wants to be called.
  let name: String

  /// Times are judged where the clock is: `TokenMint.read`.
  func verify(using algorithm: some JWTAlgorithm) {}
}

/// Signs access tokens and reads them again. What was read once is remembered, so that an operation does not pay for the
/// signature of a token that the one before it has shown.
@Loop
final class TokenMint: Sendable {
  /// RFC 9068, section 2.1.
  private static let kind = "at+jwt"
  /// How much the clocks of two machines may differ.
  static let leeway: Int64 = 300
  private let keys = JWTKeyCollection()
  private let signer: JWKIdentifier
  /// Until when each replaced key's own tokens were made: seconds since 1970.
  private let retired: [String: Int64]
  private var known: [SHA256.Digest: AccessClaims] = [:]
  private static let most = 20_000

  nonisolated init(_ signing: SigningKeys) async throws(CmdopError) {
    signer = JWKIdentifier(string: signing.keys[0].id)
    retired = Dictionary(
      signing.keys.compactMap { key in key.retiredAt.map { (key.id, $0 / 1000) } }, uniquingKeysWith: { $1 })
    for key in signing.keys {
      await keys.add(eddsa: EdDSA.PrivateKey(backing: key.secret), kid: JWKIdentifier(string: key.id))
    }
  }

  func sign(_ claims: AccessClaims) async throws(CmdopError) -> String {
    do { return try await keys.sign(claims, kid: signer, header: ["typ": .string(Self.kind)]) } catch {
      throw CmdopError(.internalError, "the relay could not sign a token")
    }
  }

  /// `now`: milliseconds since 1970. Throws `unauthenticated`, and says why only where the signature was ours.
  func read(_ token: String, now: Int64) async throws(CmdopError) -> AccessClaims {
    let digest = SHA256.hash(data: Array(token.utf8))
    let claims: AccessClaims
    if let seen = known[digest] {
      claims = seen
    } else {
      claims = try await verified(token)
      if known.count >= Self.most { known = [:] }
      known[digest] = claims
    }
    let seconds = now / 1000
    if claims.exp + Self.leeway <= seconds {
      throw CmdopError(
        .unauthenticated, "this access token ended \((seconds - claims.exp) / 60) min ago by the relay's clock",
        hint: "cmdop login RELAY   # and see that this machine's clock is right: date")
    }
    if claims.iat - Self.leeway > seconds {
      throw CmdopError(
        .unauthenticated,
        "this access token is from \((claims.iat - seconds) / 60) min in the future by the relay's clock",
        hint: "see that the relay's clock is right: date")
    }
    return claims
  }

  private func verified(_ token: String) async throws(CmdopError) -> AccessClaims {
    let stranger = CmdopError(.unauthenticated, "the relay does not know this token", hint: "cmdop login RELAY")
    // Bounded before anything looks into it; and one algorithm, whatever the header says.
    struct Head: Decodable { let alg: String, typ: String, kid: String }
    guard token.utf8.count < 4096, let first = token.split(separator: ".").first,
      let bytes = Data(base64URL: String(first)), let head = try? JSONDecoder().decode(Head.self, from: bytes),
      head.alg == "EdDSA", head.typ == Self.kind
    else { throw stranger }
    let claims: AccessClaims
    do { claims = try await keys.verify(token, as: AccessClaims.self) } catch { throw stranger }
    // A key that was replaced may be in other hands: it signs nothing new, and nothing that lasts.
    if let end = retired[head.kid], claims.iat > end || claims.exp > end + SigningKeys.afterlife / 1000 {
      throw stranger
    }
    if claims.kind == .login, claims.exp - claims.iat > FleetRegistry.accessSpan / 1000 { throw stranger }
    return claims
  }
}

extension Data {
  /// RFC 4648, section 5, without padding.
  fileprivate init?(base64URL text: String) {
    let plain = text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    self.init(base64Encoded: String(plain) + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4))
  }
}
