/// One column of a row, in 8 bytes: what stands there, how it looks, what it links to.
///
/// All zero is a blank in the standard style, so that fresh memory is a blank screen: characters are kept XOR a space.
struct ScreenCell: Hashable {
  /// Bits 0 to 20 the character or cluster, 21 and 22 the halves of a wide one, 32 to 47 the style, 48 to 63 the link.
  var bits: UInt64

  static let blank = ScreenCell(bits: 0)
  private static let contentMask: UInt64 = 0x1f_ffff
  private static let leadBit: UInt64 = 1 << 21
  private static let trailBit: UInt64 = 1 << 22
  private static let lookMask: UInt64 = 0xffff_ffff_0000_0000
  /// Contents from here on are indices of clusters: a character with marks on it.
  static let firstCluster: UInt32 = 0x11_0000

  init(bits: UInt64) { self.bits = bits }

  /// A blank in a style.
  init(style: UInt16) { bits = UInt64(style) << 32 }

  /// `look`: a cell whose style and link it takes.
  init(_ content: UInt32, isWide: Bool = false, look: ScreenCell) {
    bits = UInt64(content ^ 0x20) & Self.contentMask | (isWide ? Self.leadBit : 0) | look.bits & Self.lookMask
  }

  /// The right half of a wide character.
  static func trail(look: ScreenCell) -> ScreenCell { ScreenCell(bits: trailBit | look.bits & lookMask) }

  /// A character, or from `firstCluster` on a cluster.
  var content: UInt32 {
    get { UInt32(truncatingIfNeeded: bits & Self.contentMask) ^ 0x20 }
    set { bits = bits & ~Self.contentMask | UInt64(newValue ^ 0x20) & Self.contentMask }
  }
  var cluster: Int? { content >= Self.firstCluster ? Int(content - Self.firstCluster) : nil }
  /// The left half of a wide character.
  var isLead: Bool { bits & Self.leadBit != 0 }
  var isTrail: Bool { bits & Self.trailBit != 0 }
  var isHalf: Bool { bits & (Self.leadBit | Self.trailBit) != 0 }
  /// Whether it holds one ASCII character and looks as `other`.
  func isASCII(like other: ScreenCell) -> Bool { bits & ~0x7f == other.bits & Self.lookMask }
  var style: UInt16 {
    get { UInt16(truncatingIfNeeded: bits >> 32) }
    set { bits = bits & ~0xffff_0000_0000 | UInt64(newValue) << 32 }
  }
  var link: UInt16 {
    get { UInt16(truncatingIfNeeded: bits >> 48) }
    set { bits = bits & ~0xffff_0000_0000_0000 | UInt64(newValue) << 48 }
  }
  /// A blank that looks as this cell does: what is left of a wide character when its other half is overwritten.
  var blanked: ScreenCell { ScreenCell(bits: bits & Self.lookMask) }
}
