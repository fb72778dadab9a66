/// Rows become lines of the history, and those become text.
extension ScreenHistory {
  /// A row that leaves the screen, if it is plain ASCII; else false.
  mutating func append(plain cells: UnsafeBufferPointer<ScreenCell>, _ line: ScreenGrid.Line, columns: Int) -> Bool {
    var all = line.fill.bits
    for cell in cells { all |= cell.bits }
    guard all < 0x80 else { return false }
    let (count, length) = Self.lengths(cells, line, columns)
    append(atMost: length, isWrapped: line.wraps) { room in
      for index in 0..<count { room[index] = UInt8(truncatingIfNeeded: cells[index].bits) ^ 0x20 }
      for index in count..<length { room[index] = 0x20 }
      return length
    }
    return true
  }

  /// Any row that leaves the screen.
  mutating func append(
    _ cells: UnsafeBufferPointer<ScreenCell>, _ line: ScreenGrid.Line, columns: Int, _ book: inout ScreenBook
  ) {
    let (count, length) = Self.lengths(cells, line, columns)
    for thrift in [ScreenInk.Thrift.nothing, .styles] {
      var ink = ScreenInk(thrift: thrift)
      ink.draw(UnsafeBufferPointer(rebasing: cells[..<count]), book)
      for _ in count..<length { ink.draw(line.fill, book) }
      ink.usePlain(book)
      if ink.bytes.count < longestLine { return append(ink.bytes, isWrapped: line.wraps) }
    }
  }

  /// How many cells there are to write, and how many with what stands right of them.
  private static func lengths(
    _ cells: UnsafeBufferPointer<ScreenCell>, _ line: ScreenGrid.Line, _ columns: Int
  ) -> (Int, Int) {
    if line.wraps || line.fill != .blank { return (cells.count, columns) }
    var count = cells.count
    while count > 0, cells[count - 1] == .blank { count -= 1 }
    return (count, count)
  }

  /// What stands in the lines, without looks. Rows that were one line are one again.
  var text: String {
    var text: [UInt8] = []
    var rest = lines
    while let byte = rest.popFirst() {
      switch byte {
      case Self.hardEnd:
        Self.trim(&text)
        text.append(0x0a)
      case Self.softEnd: break
      case 0x1b: Self.dropSequence(&rest)
      default: text.append(byte)
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The rest of a sequence that we wrote ourselves: CSI, or a command ended by ST.
  private static func dropSequence(_ rest: inout ArraySlice<UInt8>) {
    guard let kind = rest.popFirst() else { return }
    while let byte = rest.popFirst() {
      if kind == UInt8(ascii: "["), 0x40..<0x7f ~= byte { return }
      if kind == UInt8(ascii: "]"), byte == 0x1b {
        rest = rest.dropFirst()
        return
      }
    }
  }

  private static func trim(_ text: inout [UInt8]) { while text.last == 0x20 { text.removeLast() } }
}
