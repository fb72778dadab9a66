import Crypto
import FoundationEssentials

/// 256 random bits as text, with a prefix that tells people and scanners what it is.
public func newSecret(prefix: String) -> String {
  let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  let text = Data(bytes).base64EncodedString()
  return prefix + String(text.compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
}

/// A password to be read from a screen: 20 letters and digits that look like no other, 98 bits.
public func newPassword() -> String {
  let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
  var generator = SystemRandomNumberGenerator()
  let word = (0..<20).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
  return stride(from: 0, to: 20, by: 5).map { String(word[$0..<$0 + 5]) }.joined(separator: "-")
}

/// 32 random bytes.
public func newNonce() -> [UInt8] { SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) } }

/// Whether two secrets are the same, in a time that tells nothing of where they differ.
public func isSame(_ one: String, _ other: String) -> Bool {
  let (one, other) = (Array(one.utf8), Array(other.utf8))
  guard one.count == other.count else { return false }
  return zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}

/// How secrets are kept: SHA-256, hex. A fast hash is right here: these secrets are 256 random bits, so there is nothing
/// to guess; slow hashes are for what people choose.
func hashed(_ secret: String) -> String { hex(SHA256.hash(data: Array(secret.utf8))) }

func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// Whether whoever holds the secret half of `key` has signed `message`.
func isSigned(_ message: [UInt8], by key: [UInt8], _ signature: [UInt8]) -> Bool {
  guard key.count == 32, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: key) else { return false }
  return key.isValidSignature(signature, for: message)
}

/// nothing for what is no hex.
func bytes(hex text: String) -> [UInt8] {
  let digits = Array(text.utf8)
  guard digits.count % 2 == 0 else { return [] }
  var bytes: [UInt8] = []
  for index in stride(from: 0, to: digits.count, by: 2) {
    guard let byte = UInt8(String(decoding: digits[index...index + 1], as: UTF8.self), radix: 16) else { return [] }
    bytes.append(byte)
  }
  return bytes
}
