/// A picture of black and white squares for a terminal: two rows of it in one line of text. The colours are said, not
/// assumed, so that it is dark on light whatever the terminal's own colours are, as cameras want it.
public enum HalfBlocks {
  /// White around it, in squares; QR codes ask for 4 (ISO/IEC 18004).
  public static let quietZone = 4

  /// `size`: squares along each side. Each line is `size` + 2 × quietZone columns wide.
  public static func lines(size: Int, isDark: (_ row: Int, _ column: Int) -> Bool) -> [String] {
    let all = -quietZone..<size + quietZone
    func dark(_ row: Int, _ column: Int) -> Bool {
      (0..<size).contains(row) && (0..<size).contains(column) && isDark(row, column)
    }
    return stride(from: all.lowerBound, to: all.upperBound, by: 2).map { row in
      let squares = all.map { column in
        switch (dark(row, column), dark(row + 1, column)) {
        case (true, true): "\u{2588}"
        case (true, false): "\u{2580}"
        case (false, true): "\u{2584}"
        case (false, false): " "
        }
      }
      return "\u{1b}[38;5;16;48;5;231m" + squares.joined() + "\u{1b}[0m"
    }
  }
}
