public import Core
import Crypto
import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// The relay's self-made TLS identity: a P-256 key and a certificate over it. Clients pin the key, not the certificate,
/// so the certificate can be made anew when it runs out without anybody noticing.
public struct RelayIdentity: Sendable {
  public let keyPEM: String
  public let certificatePEM: String

  /// Restores the identity of a key, or makes a new one. The certificate is made each time: it is cheap and so never old.
  /// `names`: host names and IP addresses for the subject alternative names. `now`: seconds since 1970.
  public init(keyPEM: String?, names: [String], now: Double) throws(CmdopError) {
    do {
      let key = try keyPEM.map { try P256.Signing.PrivateKey(pemRepresentation: $0) } ?? P256.Signing.PrivateKey()
      let signing = Certificate.PrivateKey(key)
      let subject = try DistinguishedName { CommonName("cmdop relay") }
      let start = Date(timeIntervalSince1970: now)
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(), publicKey: signing.publicKey,
        notValidBefore: start - 86_400, notValidAfter: start + 86_400 * 825, issuer: subject, subject: subject,
        signatureAlgorithm: .ecdsaWithSHA256,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
          Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
          try ExtendedKeyUsage([.serverAuth])
          SubjectAlternativeNames(names.map(Self.generalName))
        },
        issuerPrivateKey: signing)
      self.keyPEM = key.pemRepresentation
      self.certificatePEM = try certificate.serializeAsPEM().pemString
    } catch {
      throw CmdopError(.internalError, "the relay's TLS identity could not be read: \(error)")
    }
  }

  private static func generalName(_ name: String) -> GeneralName {
    let bytes = name.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
    if bytes.count == 4 && name.split(separator: ".").count == 4 {
      return .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
    }
    return .dnsName(name)
  }
}

/// SHA-256 of a public key in its SubjectPublicKeyInfo form (RFC 7469's pin).
public struct KeyFingerprint: Hashable, Sendable, CustomStringConvertible {
  public let bytes: [UInt8]

  /// nil unless these are 32 bytes.
  public init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  init(certificate: NIOSSLCertificate) throws {
    bytes = Array(SHA256.hash(data: try certificate.extractPublicKey().toSPKIBytes()))
  }

  /// Of the first certificate in a PEM text.
  public init(certificatePEM: String) throws(CmdopError) {
    do { try self.init(certificate: NIOSSLCertificate(bytes: Array(certificatePEM.utf8), format: .pem)) } catch {
      throw CmdopError(.badUsage, "the certificate could not be read: \(error)")
    }
  }

  /// Base64url without padding: 43 characters.
  public init?(_ text: String) { self.init(bytes: Base64URL.decode(text) ?? []) }
  public var description: String { Base64URL.encode(bytes) }
}
