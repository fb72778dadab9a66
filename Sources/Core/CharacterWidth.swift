/// How many columns a character takes, as xterm has it: East Asian wide ones and emoji two, marks and format characters
/// none, all others one. What stands in the private or ambiguous ranges takes one.
public struct CharacterWidth: Sendable {
  /// Two bits for each character of the planes 0 and 1, where all that differs stands.
  @usableFromInline let table: [UInt8]

  public static let shared = CharacterWidth()
  @usableFromInline static let end: UInt32 = 0x2_0000

  private init() {
    var table = [UInt8](repeating: 0b0101_0101, count: Int(Self.end) / 4)
    for (ranges, width) in [(Self.zero, UInt8(0)), (Self.wide, 2)] {
      for at in stride(from: 0, to: ranges.count, by: 2) where ranges[at] < Self.end {
        for scalar in ranges[at]...min(ranges[at + 1], Self.end - 1) {
          let shift = (scalar & 3) * 2
          table[Int(scalar >> 2)] = table[Int(scalar >> 2)] & ~(3 << shift) | width << shift
        }
      }
    }
    self.table = table
  }

  @inlinable
  public func of(_ scalar: UInt32) -> Int {
    if scalar < Self.end { return Int(table[Int(scalar >> 2)] >> ((scalar & 3) * 2) & 3) }
    // Planes 2 and 3 are ideographs; plane 14 is tags and variation selectors.
    if scalar < 0x4_0000 { return 2 }
    return scalar >> 16 == 0xe && scalar & 0xffff < 0x1000 ? 0 : 1
  }
}
