public import Core
import Crypto
import FoundationEssentials
import Synchronization

/// 256 random bits as text, with a prefix that tells people and scanners what it is.
public func newSecret(prefix: String) -> String {
  let bytes = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  let text = Data(bytes).base64EncodedString()
  return prefix + String(text.compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
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

/// Counts wrong secrets per source: 10 a minute, then the door stays shut for the rest of that minute.
public final class SecretDoorLimiter: Sendable {
  private struct Count {
    var since: Int64
    var wrong: Int
  }
  private let counts = Mutex<[String: Count]>([:])
  private static let (minute, allowed, sources) = (Int64(60_000), 10, 10_000)

  public init() {}

  /// Throws `limit` when this source has tried too often. `now`: milliseconds since 1970.
  public func check(_ source: String, now: Int64) throws(CmdopError) {
    let wrong = counts.withLock { counts in
      counts[source].flatMap { now - $0.since < Self.minute ? $0.wrong : nil } ?? 0
    }
    if wrong >= Self.allowed {
      throw CmdopError(.limit, "too many wrong secrets from \(source)", hint: "wait a minute")
    }
  }

  public func failed(_ source: String, now: Int64) {
    counts.withLock { counts in
      // A table that strangers can fill is emptied of what no longer counts, and never grows beyond its bound.
      if counts.count >= Self.sources { counts = counts.filter { now - $0.value.since < Self.minute } }
      if counts.count >= Self.sources { counts = [:] }
      if let count = counts[source], now - count.since < Self.minute {
        counts[source]?.wrong += 1
      } else {
        counts[source] = Count(since: now, wrong: 1)
      }
    }
  }
}
