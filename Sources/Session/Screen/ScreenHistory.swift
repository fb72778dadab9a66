/// What has left the screen at the top: drawn lines, the oldest dropped beyond 48 KiB.
struct ScreenHistory {
  struct Line {
    /// Text and colours, ready to be printed; without an end of line.
    var drawn: [UInt8]
    var text: String
  }
  private var held: [[UInt8]] = []
  private var first = 0
  private var size = 0
  static let limit = 48 * 1024

  mutating func append(_ row: [Cell], _ marks: MarkTable, _ links: LinkTable) {
    append(drawn: ScreenLine.drawn(row, marks, links))
  }

  mutating func append(drawn: [UInt8]) {
    // The line's end costs two bytes when it is drawn.
    size += drawn.count + 2
    held.append(drawn)
    while size > Self.limit, first < held.count {
      size -= held[first].count + 2
      held[first] = []
      first += 1
    }
    if first > 4096 {
      held.removeFirst(first)
      first = 0
    }
  }

  mutating func clear() { self = ScreenHistory() }

  /// Oldest first.
  var drawn: ArraySlice<[UInt8]> { held[first...] }

  var lines: [Line] { drawn.map { Line(drawn: $0, text: ScreenLine.stripped($0)) } }
}

/// Sequences of combining marks, each kept once. Bounded: when it is full, new combinations lose their marks.
struct MarkTable: Hashable {
  private(set) var entries: [[UInt32]] = [[]]
  private var known: [[UInt32]: UInt16] = [:]
  private static let limit = 4096

  func marks(_ index: UInt16) -> [UInt32] { Int(index) < entries.count ? entries[Int(index)] : [] }

  mutating func adding(_ scalar: UInt32, to index: UInt16) -> UInt16 {
    let sequence = marks(index) + [scalar]
    if let found = known[sequence] { return found }
    guard sequence.count <= 8, entries.count < Self.limit else { return index }
    entries.append(sequence)
    known[sequence] = UInt16(entries.count - 1)
    return UInt16(entries.count - 1)
  }
}

/// Hyperlinks (OSC 8): parameters and address, as the program wrote them. Bounded: when it is full, new ones are left out.
struct LinkTable: Hashable {
  private(set) var entries: [[UInt8]] = [[]]
  private static let limit = 512

  func text(_ index: UInt16) -> [UInt8] { Int(index) < entries.count ? entries[Int(index)] : [] }

  mutating func index(_ text: [UInt8]) -> UInt16 {
    if let found = entries.lastIndex(of: text) { return UInt16(found) }
    guard entries.count < Self.limit, text.count <= 2048 else { return 0 }
    entries.append(text)
    return UInt16(entries.count - 1)
  }
}

/// DEC Special Graphics (VT100): what `_` to `~` show in it.
enum LineDrawing {
  private static let scalars = Array(" ◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·".unicodeScalars).map(\.value)

  static func scalar(_ scalar: UInt32) -> UInt32 {
    (0x5f...0x7e).contains(scalar) ? scalars[Int(scalar - 0x5f)] : scalar
  }
}
