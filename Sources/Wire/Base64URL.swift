/// Base64 with the URL-safe alphabet and without padding (RFC 4648, section 5).
public enum Base64URL {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  public static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var (held, bits, out) = (UInt32(0), 0, [UInt8]())
    for byte in bytes {
      held = held << 8 | UInt32(byte)
      bits += 8
      while bits >= 6 {
        bits -= 6
        out.append(alphabet[Int(held >> UInt32(bits) & 63)])
      }
    }
    if bits > 0 { out.append(alphabet[Int(held << UInt32(6 - bits) & 63)]) }
    return String(decoding: out, as: UTF8.self)
  }

  /// nil when a character does not belong there, or bits are left over that are not zero.
  public static func decode(_ text: String) -> [UInt8]? {
    var (held, bits, out) = (UInt32(0), 0, [UInt8]())
    for character in text.utf8 {
      guard let value = alphabet.firstIndex(of: character) else { return nil }
      held = held << 6 | UInt32(value)
      bits += 6
      if bits >= 8 {
        bits -= 8
        out.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
      }
    }
    return bits < 6 && held & (1 << UInt32(bits) - 1) == 0 ? out : nil
  }
}
