public import Core

/// What a terminal shows: fed with everything a program prints, it can draw the screen as it is on any xterm-compatible
/// terminal at any moment — characters, colours, modes, cursor, title, both screens, and the history above.
///
/// It follows xterm, as far as programs in use do (docs/decisions says where not). It takes any bytes and bounded memory:
/// of larger terminals the first 500 rows and 1,000 columns are modelled, and 48 KiB of history are kept.
public struct ScreenModel: Sendable {
  /// The size that was asked for.
  public internal(set) var size: TerminalSize
  /// What the program calls its window (OSC 0 and 2).
  public internal(set) var title = ""
  /// How many bytes were ever fed, counted from the position the model began with.
  public internal(set) var position: UInt64

  var grid: ScreenGrid
  /// The main screen while the alternate one is shown.
  var hidden: ScreenGrid?
  var cursor = ScreenCursor()
  var margins: ScreenMargins
  /// How what is printed looks.
  var style = ScreenStyle.plain
  var charsets = Charsets()
  var modes = ScreenModes()
  /// DECSC's, of the screen that is shown and of the other.
  var saved = SavedCursor()
  var hiddenSaved = SavedCursor()
  var tabs: [Bool]
  var history: ScreenHistory
  var titles: [String] = []
  var palette = ScreenPalette()
  /// OSC 7, as it was said.
  var directory = ""
  var book = ScreenBook()
  /// The hyperlink that what is printed belongs to; empty: none.
  var link: [UInt8] = []
  /// What REP repeats; 0: nothing. It stands right before the cursor.
  var lastPrinted: UInt32 = 0

  var parser = VTParser()
  var replies: [UInt8] = []
  var questions: [Range<UInt64>] = []

  /// Style and link of `style` and `link` as a cell has them, and the blank that erasing leaves; nil: to be looked up.
  var look: ScreenCell? = .blank
  var eraser: ScreenCell? = .blank
  let widths = CharacterWidth.shared

  /// What is modelled at most: more than any window shows, and still a screen that is filled in a millisecond.
  public static let most = TerminalSize(rows: 500, columns: 1000)
  /// A few hundred lines: what a viewer scrolls back to at once; the journal has more.
  public static let historyBytes = 48 * 1024
  static let mostReplies = 4096
  static let mostQuestions = 64
  static let mostTitles = 10
  /// Of a title, or a directory; ten titles must fit into a drawing.
  static let longestName = 1024

  /// `position`: where in the output it begins.
  public init(size: TerminalSize, historyBytes: Int = Self.historyBytes, position: UInt64 = 0) {
    self.size = size
    self.position = position
    grid = ScreenGrid(
      rows: Int(min(size.rows, Self.most.rows)), columns: Int(min(size.columns, Self.most.columns)))
    margins = ScreenMargins(rows: grid.rows, columns: grid.columns)
    tabs = Self.standardTabs(grid.columns)
    history = ScreenHistory(limit: historyBytes)
  }

  /// The rows and columns that are modelled.
  public var rows: Int { grid.rows }
  public var columns: Int { grid.columns }
  /// Whether the alternate screen is shown.
  public var isAlternate: Bool { hidden != nil }
  /// Where the cursor is, counted from 0.
  public var cursorRow: Int { cursor.y }
  public var cursorColumn: Int { cursor.x }
  public var isCursorVisible: Bool { modes.value(25) ?? true }

  /// What a terminal answers to the questions that were asked since the last call; at most 4 KiB.
  public mutating func takeReplies() -> [UInt8] {
    defer { replies = [] }
    return replies
  }

  /// Where questions to the terminal stood in what was fed since the last call; the newest 64.
  public mutating func takeQuestions() -> [Range<UInt64>] {
    defer { questions = [] }
    return questions
  }

  static func standardTabs(_ columns: Int) -> [Bool] { (0..<columns).map { $0 % 8 == 0 && $0 > 0 } }
}
