public import Core
import Crypto
import CryptoExtras
import FoundationEssentials

/// How secrets that people choose are kept: scrypt (RFC 7914), which costs whoever guesses 32 MiB and about 80 ms a try.
///
/// `$scrypt$ln=15,r=8,p=1$salt$hash`, salt and hash in base64 without padding: what was hashed with other parameters is
/// still read. docs/decisions/0007 has the reasons.
public enum SlowHash {
  private struct Cost: Equatable {
    /// N = 2^ln: 1 to 17.
    var ln = 15
    /// 1 to 16.
    var r = 8
    /// 1 to 4.
    var p = 1

    var isBearable: Bool { (1...17).contains(ln) && (1...16).contains(r) && (1...4).contains(p) }
  }
  private static let (saltBytes, hashBytes) = (16, 32)
  /// Two at once: they must not take the machine from those who use it. 64: five seconds of work.
  private static let bench = SlowWork("secrets to be checked", threads: 2, most: 64)

  /// Throws `limit` when too many are at it.
  public static func make(_ secret: String) async throws(CmdopError) -> String {
    let salt = SymmetricKey(size: .init(bitCount: saltBytes * 8)).withUnsafeBytes { Array($0) }
    let cost = Cost()
    let hash = try await bench.run { derive(secret, salt, cost) }
    guard let hash else {
      throw CmdopError(.internalError, "a secret of \(secret.utf8.count) bytes could not be hashed")
    }
    let head = "$scrypt$ln=\(cost.ln),r=\(cost.r),p=\(cost.p)"
    return "\(head)$\(text(salt))$\(text(hash.withUnsafeBytes { Array($0) }))"
  }

  /// Whether `secret` is what `make` was given, compared in constant time. What cannot be read matches nothing.
  /// Throws `limit` when too many are at it.
  public static func matches(_ secret: String, _ stored: String) async throws(CmdopError) -> Bool {
    try await bench.run { isMatching(secret, stored) }
  }

  /// The same, here and now: takes its 80 ms.
  static func isMatching(_ secret: String, _ stored: String) -> Bool {
    guard let (cost, salt, hash) = parse(stored) else { return false }
    // The comparison of keys looks at every byte, whatever it finds.
    return derive(secret, salt, cost) == SymmetricKey(data: hash)
  }

  /// Whether `stored` was written by `make`.
  public static func isReadable(_ stored: String) -> Bool { parse(stored) != nil }

  private static func derive(_ secret: String, _ salt: [UInt8], _ cost: Cost) -> SymmetricKey? {
    if secret.isEmpty { return nil }
    return try? KDF.Scrypt.deriveKey(
      from: Array(secret.utf8), salt: salt, outputByteCount: hashBytes, rounds: 1 << cost.ln, blockSize: cost.r,
      parallelism: cost.p)
  }

  private static func parse(_ stored: String) -> (Cost, salt: [UInt8], hash: [UInt8])? {
    let parts = stored.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = bytes(parts[3]),
      let hash = bytes(parts[4])
    else { return nil }
    let numbers = parts[2].split(separator: ",")
    func number(_ index: Int, _ name: String) -> Int? {
      numbers[index].hasPrefix(name) ? Int(numbers[index].dropFirst(name.count)) : nil
    }
    guard numbers.count == 3, let ln = number(0, "ln="), let r = number(1, "r="), let p = number(2, "p=") else {
      return nil
    }
    let cost = Cost(ln: ln, r: r, p: p)
    guard cost.isBearable, salt.count == saltBytes, hash.count == hashBytes else { return nil }
    return (cost, salt, hash)
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(Data(bytes).base64EncodedString().prefix { $0 != "=" })
  }

  private static func bytes(_ text: Substring) -> [UInt8]? {
    Data(base64Encoded: text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)).map { Array($0) }
  }
}
