public import Core
import Crypto
import FoundationEssentials

/// A machine's Ed25519 key (RFC 8032). Made on first start; the secret half never leaves the machine.
public struct MachineIdentity: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  public init() { key = Curve25519.Signing.PrivateKey() }

  /// From the 32 bytes that `secret` gave.
  public init(secret: [UInt8]) throws(CmdopError) {
    do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: secret) } catch {
      throw CmdopError(.internalError, "the machine's identity is damaged: \(secret.count) bytes instead of 32")
    }
  }

  public var secret: [UInt8] { Array(key.rawRepresentation) }
  public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  public func sign(_ bytes: [UInt8]) throws(CmdopError) -> [UInt8] {
    do { return Array(try key.signature(for: bytes)) } catch {
      throw CmdopError(.internalError, "the machine's identity could not sign: \(error)")
    }
  }

  /// What a machine signs when it enrols.
  public static func enrollmentClaim(secret: String, hostname: String) -> [UInt8] {
    Array("cmdop-enroll-v1\0\(secret)\0\(hostname)".utf8)
  }
}
