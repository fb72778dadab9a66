extension ScreenModel {
  /// Shows what the program printed.
  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at < bytes.count {
      if case .ground = parser.state {
        feedText(bytes, &at)
      } else {
        let action = parser.advance(bytes, &at)
        perform(action)
      }
    }
    parser.sequenceStart -= bytes.count
    position += UInt64(bytes.count)
  }

  /// Takes characters and the controls between them, until a sequence begins.
  private mutating func feedText(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) {
    while at < bytes.count {
      let byte = bytes[at]
      if byte &- 0x20 < 0x5f {
        let end = Self.endOfASCII(bytes, at + 1)
        show(UnsafeRawBufferPointer(rebasing: bytes[at..<end]))
        at = end
      } else if byte == 0x0a {
        at += 1
        lineFeed()
        if modes.newline { carriageReturn() }
      } else if byte == 0x0d {
        at += 1
        carriageReturn()
      } else if byte == 0x1b {
        parser.beginEscape(at: at)
        at += 1
        return
      } else if byte < 0x80 {
        at += 1
        execute(byte)
      } else {
        let start = at
        guard let scalar = parser.character(bytes, &at) else { return }
        parser.sequenceStart = start
        show(scalar)
        guard case .ground = parser.state else { return }
      }
    }
  }

  /// The end of the printable ASCII from `at` on, eight bytes at a time.
  private static func endOfASCII(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int {
    var at = at
    while at + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      // The high bit of each byte that is below a space, DEL, or not ASCII. A borrow spoils only bytes above the first.
      let strange = ((word &- 0x2020_2020_2020_2020) | word | (word &+ 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080
      if strange != 0 { return at + strange.trailingZeroBitCount / 8 }
      at += 8
    }
    while at < bytes.count, bytes[at] &- 0x20 < 0x5f { at += 1 }
    return at
  }

  mutating func perform(_ action: VTParser.Action) {
    switch action {
    case .none: break
    case .character(let scalar): show(scalar)
    case .execute(let byte): execute(byte)
    case .escape(let final): escape(final)
    case .control(let final): control(final)
    case .command: command(parser.text)
    case .device: device(parser.text)
    }
  }

  // MARK: leaving out what is not worth looking at

  /// What was fed so far is not part of the output: that begins at `position`.
  public mutating func goOn(at position: UInt64) { self.position = position }

  /// Whether text does what it does at a terminal that was just switched on.
  public var showsPlainText: Bool {
    guard case .ground = parser.state else { return false }
    return modes.autowrap && !modes.insert && !modes.newline && charsets.isPlain
      && margins == ScreenMargins(rows: rows, columns: columns)
  }

  /// Text from `position` on fills the screen and the history by itself: go on there, at the beginning of a line.
  public mutating func skip(to position: UInt64) {
    self.position = position
    cursor = ScreenCursor(y: rows - 1)
    lastPrinted = 0
  }

  /// So many bytes of text fill screen and history, whatever they are.
  public static func tail(rows: Int, columns: Int) -> Int { historyBytes + rows * columns * 4 }
}
