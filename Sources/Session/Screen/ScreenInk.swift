/// Writes cells as bytes for a terminal: characters, and as few sequences as lead from one look to the next.
struct ScreenInk {
  private(set) var bytes: [UInt8] = []
  /// What is left out when all of it would be too much.
  let thrift: Thrift
  /// Writing stops when this many bytes are exceeded.
  let limit: Int
  private var style = ScreenStyle.plain
  private var styleNumber: UInt16 = 0
  private var link: UInt16 = 0

  enum Thrift: Int, CaseIterable {
    case nothing
    case links
    case directColours
    case styles
    /// Rows that do not fit any more, from below.
    case rows
  }

  init(thrift: Thrift = .nothing, limit: Int = .max) { (self.thrift, self.limit) = (thrift, limit) }

  var isOverLimit: Bool { bytes.count > limit }

  mutating func say(_ text: String) { bytes += text.utf8 }
  mutating func say(_ more: some Collection<UInt8>) { bytes += more }

  /// A control sequence.
  mutating func control(_ text: String) {
    bytes += [0x1b, 0x5b]
    bytes += text.utf8
  }
  /// A command, ended by ST.
  mutating func command(_ text: some Collection<UInt8>) {
    bytes += [0x1b, 0x5d]
    bytes += text
    bytes += [0x1b, 0x5c]
  }
  mutating func command(_ text: String) { command(text.utf8) }

  mutating func move(_ y: Int, _ x: Int) { control("\(y + 1);\(x + 1)H") }

  // MARK: cells

  /// What characters look like from here on. `number`: the style's, when it has one.
  mutating func use(_ new: ScreenStyle, number: UInt16 = 0) {
    styleNumber = number
    let wanted = thrift == .nothing || thrift == .links ? new : thrift == .directColours ? new.reduced() : .plain
    guard wanted != style else { return }
    ScreenGraphics.write(from: style, to: wanted, into: &bytes)
    style = wanted
  }

  mutating func use(link number: UInt16, _ book: ScreenBook) {
    guard number != link, thrift == .nothing else { return }
    link = number
    command([UInt8(ascii: "8"), UInt8(ascii: ";")] + (book.links[Int(number)] ?? [UInt8(ascii: ";")]))
  }

  /// The terminal was told so in another way.
  mutating func assume(_ other: ScreenStyle) { style = other }

  /// Back to plain text without a link.
  mutating func usePlain(_ book: ScreenBook) {
    use(.plain)
    use(link: 0, book)
  }

  mutating func look(as cell: ScreenCell, _ book: ScreenBook) {
    if cell.style != styleNumber { use(book.styles[cell.style], number: cell.style) }
    if cell.link != link { use(link: cell.link, book) }
  }

  /// The characters of a cell, as it looks. The right half of a wide character writes nothing.
  mutating func draw(_ cell: ScreenCell, _ book: ScreenBook) {
    guard !cell.isTrail else { return }
    look(as: cell, book)
    let content = cell.content
    if content < 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: content))
    } else if content < ScreenCell.firstCluster {
      Self.encode(content, into: &bytes)
    } else {
      for scalar in book.scalars(cell) { Self.encode(scalar, into: &bytes) }
    }
  }

  /// Cells that stand side by side: pieces that look alike are written at once.
  mutating func draw(_ cells: UnsafeBufferPointer<ScreenCell>, _ book: ScreenBook) {
    bytes.reserveCapacity(bytes.count + cells.count * 2 + 32)
    var at = 0
    while at < cells.count {
      let first = cells[at]
      draw(first, book)
      at += 1
      let start = at
      while at < cells.count, cells[at].isASCII(like: first) { at += 1 }
      for cell in cells[start..<at] { bytes.append(UInt8(truncatingIfNeeded: cell.bits) ^ 0x20) }
    }
  }

  static func encode(_ scalar: UInt32, into bytes: inout [UInt8]) {
    let tail = { (shift: UInt32) in UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3f) }
    switch scalar {
    case 0..<0x80: bytes.append(UInt8(truncatingIfNeeded: scalar))
    case 0x80..<0x800:
      bytes.append(UInt8(truncatingIfNeeded: 0xc0 | scalar >> 6))
      bytes.append(tail(0))
    case 0x800..<0x1_0000:
      bytes.append(UInt8(truncatingIfNeeded: 0xe0 | scalar >> 12))
      bytes.append(tail(6))
      bytes.append(tail(0))
    default:
      bytes.append(UInt8(truncatingIfNeeded: 0xf0 | scalar >> 18 & 0x07))
      bytes.append(tail(12))
      bytes.append(tail(6))
      bytes.append(tail(0))
    }
  }
}
