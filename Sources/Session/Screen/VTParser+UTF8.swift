/// UTF-8. What is not UTF-8 becomes U+FFFD: one for each piece that might have become a character (Unicode 3.9, "maximal
/// subparts"), as in xterm.
extension VTParser {
  /// The character at `at`; nil when its end is still to come.
  mutating func character(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> UInt32? {
    let lead = bytes[at]
    // Most are of two or three bytes, and right.
    if at + 2 < bytes.count, bytes[at + 1] & 0xc0 == 0x80 {
      if 0xc2..<0xe0 ~= lead {
        at += 2
        return UInt32(lead & 0x1f) << 6 | UInt32(bytes[at - 1] & 0x3f)
      }
      if 0xe1..<0xed ~= lead, bytes[at + 2] & 0xc0 == 0x80 {
        at += 3
        return UInt32(lead & 0x0f) << 12 | UInt32(bytes[at - 2] & 0x3f) << 6 | UInt32(bytes[at - 1] & 0x3f)
      }
    }
    let length = Self.length(lead)
    guard length > 1 else {
      at += 1
      return length == 1 ? UInt32(lead) : 0xfffd
    }
    let (start, end) = (at, min(at + length, bytes.count))
    var scalar = UInt32(lead) & (0x7f >> UInt32(length))
    at += 1
    while at < end {
      let byte = bytes[at]
      guard Self.mayFollow(lead, byte, second: at == start + 1) else { return 0xfffd }
      scalar = scalar << 6 | UInt32(byte & 0x3f)
      at += 1
    }
    if at == start + length { return scalar }
    state = .character
    partial = Array(bytes[start..<at])
    sequenceStart = start
    return nil
  }

  /// One more byte of a character that began in an earlier piece.
  mutating func continueCharacter(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Action {
    guard let lead = partial.first else {
      state = .ground
      return .none
    }
    let byte = bytes[at]
    guard Self.mayFollow(lead, byte, second: partial.count == 1) else {
      state = .ground
      return .character(0xfffd)
    }
    at += 1
    partial.append(byte)
    guard partial.count == Self.length(lead) else { return .none }
    state = .ground
    let first = UInt32(lead) & (0x7f >> UInt32(partial.count))
    return .character(partial.dropFirst().reduce(first) { $0 << 6 | UInt32($1 & 0x3f) })
  }

  /// How many bytes a character has that begins so; 0: none does.
  private static func length(_ lead: UInt8) -> Int {
    switch lead {
    case 0..<0x80: 1
    case 0xc2..<0xe0: 2
    case 0xe0..<0xf0: 3
    case 0xf0..<0xf5: 4
    default: 0
    }
  }

  /// No overlong forms, no surrogates, nothing beyond U+10FFFF.
  private static func mayFollow(_ lead: UInt8, _ byte: UInt8, second: Bool) -> Bool {
    guard second else { return byte & 0xc0 == 0x80 }
    switch lead {
    case 0xe0: return 0xa0...0xbf ~= byte
    case 0xed: return 0x80...0x9f ~= byte
    case 0xf0: return 0x90...0xbf ~= byte
    case 0xf4: return 0x80...0x8f ~= byte
    default: return byte & 0xc0 == 0x80
    }
  }
}
