/// Characters by their numbers, as ascending ranges that do not touch.
struct ScalarSet {
  private(set) var ranges: [ClosedRange<UInt32>] = []

  init() {}
  init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }
  init(_ range: ClosedRange<UInt32>) { ranges = [range] }
  private init(_ ranges: [ClosedRange<UInt32>]) { for range in ranges { formUnion(ScalarSet(range)) } }

  private static let last: UInt32 = 0x10ffff
  static let all = ScalarSet(0...last)
  static let digits = ScalarSet(48...57)
  static let wordParts = ScalarSet([48...57, 65...90, 95...95, 97...122])
  static let blanks = ScalarSet([9...13, 32...32])
  static let named: [String: ScalarSet] = [
    "alpha": ScalarSet([65...90, 97...122]), "digit": digits, "alnum": ScalarSet([48...57, 65...90, 97...122]),
    "upper": ScalarSet(65...90), "lower": ScalarSet(97...122), "space": blanks, "blank": ScalarSet([9...9, 32...32]),
    "punct": ScalarSet([33...47, 58...64, 91...96, 123...126]), "xdigit": ScalarSet([48...57, 65...70, 97...102]),
    "word": wordParts, "cntrl": ScalarSet([0...31, 127...127]), "print": ScalarSet(32...126),
    "graph": ScalarSet(33...126),
  ]

  /// Its one character, if it has one.
  var only: UInt32? { ranges.count == 1 && ranges[0].count == 1 ? ranges[0].lowerBound : nil }

  mutating func formUnion(_ other: ScalarSet) {
    var merged: [ClosedRange<UInt32>] = []
    for range in (ranges + other.ranges).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = merged.last, range.lowerBound <= last.upperBound || range.lowerBound == last.upperBound + 1 {
        merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
      } else {
        merged.append(range)
      }
    }
    ranges = merged
  }

  var inverted: ScalarSet {
    var (result, next): ([ClosedRange<UInt32>], UInt32) = ([], 0)
    for range in ranges {
      if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
      next = range.upperBound + 1
    }
    if next <= Self.last { result.append(next...Self.last) }
    var set = ScalarSet()
    set.ranges = result
    return set
  }

  /// With the other case of each letter; of ranges of more than 2048 characters only the ASCII letters.
  var withBothCases: ScalarSet {
    var set = self
    for range in ranges {
      let ascii = range.clamped(to: 65...122)
      for value in range.count <= 2048 ? range : ascii {
        guard let scalar = Unicode.Scalar(value) else { continue }
        for other in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
          if other.unicodeScalars.count == 1, let one = other.unicodeScalars.first, one != scalar {
            set.formUnion(ScalarSet(one))
          }
        }
      }
    }
    return set
  }

  /// As sequences of byte ranges in UTF-8.
  var byteSequences: [[ClosedRange<UInt8>]] {
    var result: [[ClosedRange<UInt8>]] = []
    for range in ranges {
      for (bounds, length) in [
        (0...0x7f as ClosedRange<UInt32>, 1), (0x80...0x7ff, 2), (0x800...0xffff, 3), (0x10000...0x10ffff, 4),
      ]
      where range.overlaps(bounds) {
        Self.split(range.clamped(to: bounds), length, &result)
      }
    }
    return result
  }

  /// Cuts until all bytes but the first different one run through all their values.
  private static func split(_ range: ClosedRange<UInt32>, _ length: Int, _ result: inout [[ClosedRange<UInt8>]]) {
    var (low, high) = (range.lowerBound, range.upperBound)
    for tail in 1..<max(length, 1) {
      let mask: UInt32 = (1 << (6 * UInt32(tail))) - 1
      guard low & ~mask != high & ~mask else { continue }
      if low & mask != 0 {
        split(low...(low | mask), length, &result)
        low = (low | mask) + 1
        return split(low...high, length, &result)
      }
      if high & mask != mask {
        split(low...((high & ~mask) - 1), length, &result)
        high = high & ~mask
        return split(high...range.upperBound, length, &result)
      }
    }
    result.append(zip(encode(low, length), encode(high, length)).map { $0...$1 })
  }

  private static func encode(_ value: UInt32, _ length: Int) -> [UInt8] {
    guard length > 1 else { return [UInt8(value)] }
    let marks: [UInt8] = [0, 0, 0xc0, 0xe0, 0xf0]
    var bytes = [marks[length] | UInt8(value >> (6 * UInt32(length - 1)))]
    for index in (0..<(length - 1)).reversed() { bytes.append(0x80 | UInt8(value >> (6 * UInt32(index)) & 0x3f)) }
    return bytes
  }
}
