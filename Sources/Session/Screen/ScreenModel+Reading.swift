/// The screen for readers that are no terminals, and its way into the history.
extension ScreenModel {
  /// The screen as plain text, blanks at the ends of lines and empty lines at the end left out; with the history above
  /// it if wanted, of which lines that were wrapped are whole again.
  public func text(history isWanted: Bool) -> String {
    var text = isWanted ? history.text : ""
    var lines = (0..<rows).map { line($0) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    for line in lines { text += line + "\n" }
    return text
  }

  /// One row as plain text.
  public func line(_ y: Int) -> String {
    guard 0..<rows ~= y else { return "" }
    var bytes: [UInt8] = []
    for x in 0..<grid.length(y) {
      let cell = grid[y, x]
      if cell.isTrail { continue }
      for scalar in book.scalars(cell) { ScreenInk.encode(scalar, into: &bytes) }
    }
    while bytes.last == 0x20 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A row is about to leave the screen.
  mutating func remember(_ y: Int) { grid.handOver(y, to: &history, &book) }
}
