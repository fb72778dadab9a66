public import Core

/// What a terminal shows: fed with everything a program prints, it can draw the screen as it is on another terminal at any
/// moment — characters, colours, modes, cursor, title, both screens, and the history above (docs/sessions.md).
///
/// It follows xterm, as far as programs in use do. It takes any bytes and bounded memory: at most 300 rows of 1,000
/// columns, 48 KiB of history.
public struct ScreenModel {
  struct Cursor: Hashable {
    var y = 0
    var x = 0
    /// The last column was written: the next character wraps first.
    var wraps = false
  }
  struct Saved: Hashable {
    var cursor = Cursor()
    var pen = Pen()
    var charsets = Charsets()
    var origin = false
  }
  /// What G0 to G3 hold, and which of them is in use. Only DEC's line drawing is told apart.
  struct Charsets: Hashable {
    var draws = [false, false, false, false]
    var current = 0
  }

  public private(set) var size: TerminalSize
  var grid: Grid
  /// The screen that is not shown: the main one while the alternate is in use.
  var hidden: Grid?
  var cursor = Cursor()
  var pen = Pen()
  var charsets = Charsets()
  /// Of the screen that is shown, and of the other.
  var saved: Saved?
  var hiddenSaved: Saved?
  var top = 0
  var bottom: Int
  var tabs: Set<Int>
  var modes = ScreenModes()
  var history = ScreenHistory()
  public internal(set) var title = ""
  var titleStack: [String] = []
  /// Colours that the program has changed: the text of its OSC 4, 10 to 19, by what stands before the colour.
  var palette: [String: String] = [:]
  /// As the program has said it by OSC 7; a URL.
  public internal(set) var directory: String?
  var marks = MarkTable()
  var links = LinkTable()
  var replies: [UInt8] = []
  var parser = EscapeParser()
  private var lastPrinted: UInt32 = 0
  /// How many bytes were ever fed.
  public private(set) var position: UInt64 = 0
  private var sequenceStart: UInt64 = 0
  /// Where questions to the terminal stand in the output; the newest 64.
  private(set) var questions: [Range<UInt64>] = []
  var isQuestion = false

  public static let most = TerminalSize(rows: 300, columns: 1000)

  public init(size: TerminalSize, position: UInt64 = 0) {
    self.size = size
    let (rows, columns) = Self.clamped(size)
    grid = Grid(rows: rows, columns: columns)
    bottom = rows - 1
    tabs = Self.standardTabs(columns)
    self.position = position
  }

  private static func clamped(_ size: TerminalSize) -> (Int, Int) {
    (Int(min(size.rows, most.rows)), Int(min(size.columns, most.columns)))
  }
  static func standardTabs(_ columns: Int) -> Set<Int> { Set(stride(from: 8, to: columns, by: 8)) }

  var rows: Int { grid.height }
  var columns: Int { grid.width }
  public var isAlternate: Bool { hidden != nil }

  /// What a terminal answers to the questions that were asked since the last call; at most 4 KiB.
  public mutating func takeReplies() -> [UInt8] {
    defer { replies = [] }
    return replies
  }

  // MARK: feeding

  public mutating func feed(_ bytes: UnsafeRawBufferPointer) {
    var at = 0
    while at < bytes.count {
      if parser.isInGround {
        let run = Self.printable(bytes, from: at)
        if run > at {
          put(UnsafeRawBufferPointer(rebasing: bytes[at..<run]))
          position += UInt64(run - at)
          at = run
          continue
        }
      }
      take(bytes[at])
      at += 1
    }
  }

  /// The end of the run of printable ASCII that begins at `from`.
  private static func printable(_ bytes: UnsafeRawBufferPointer, from: Int) -> Int {
    var at = from
    while at < bytes.count, bytes[at] &- 0x20 < 0x5f { at += 1 }
    return at
  }

  private mutating func take(_ byte: UInt8) {
    if byte == 0x1b && !parser.isInString { sequenceStart = position }
    position += 1
    perform(parser.take(byte))
    if let byte = parser.pushedBack {
      parser.pushedBack = nil
      if byte == 0x1b { sequenceStart = position - 1 }
      perform(parser.take(byte))
    }
  }

  private mutating func perform(_ action: EscapeParser.Action) {
    switch action {
    case .none: return
    case .character(let scalar): return put(scalar)
    case .control(let byte): control(byte)
    case .escape(let final): escape(final)
    case .csi(let final): csi(final)
    case .command: command(parser.text)
    case .device: device(parser.text)
    }
    lastPrinted = 0  // REP repeats what stands directly before it
    if isQuestion {
      isQuestion = false
      if questions.count >= 64 { questions.removeFirst() }
      questions.append(sequenceStart..<position)
    }
  }

  /// Where questions stood in what was fed since the last call; at most 64.
  mutating func takeQuestions() -> [Range<UInt64>] {
    defer { questions = [] }
    return questions
  }

  /// What was fed so far is not part of the output: that begins at `position`.
  mutating func goOn(at position: UInt64) { self.position = position }

  /// Whether text does what it does at a terminal that was just switched on.
  var showsPlainText: Bool {
    parser.isInGround && modes.autowrap && !modes.insert && !modes.newline && top == 0 && bottom == rows - 1
      && !charsets.draws[charsets.current]
  }

  /// Text from `position` on fills the screen and the history by itself: go on there, at the beginning of a line.
  mutating func skip(to position: UInt64) {
    self.position = position
    cursor = Cursor(y: rows - 1)
  }

  /// So many bytes of text fill screen and history, whatever they are.
  static func tail(rows: Int, columns: Int) -> Int { ScreenHistory.limit + rows * columns * 4 }

  /// After a reset: what was asked is still asked.
  mutating func keep(_ asked: [Range<UInt64>]) { questions = asked }

  mutating func reply(_ text: String) {
    isQuestion = true
    if replies.count < 4096 { replies += text.utf8 }
  }

  // MARK: printing

  private mutating func put(_ run: UnsafeRawBufferPointer) {
    guard !charsets.draws[charsets.current], !modes.insert, modes.autowrap else {
      for byte in run { put(UInt32(byte)) }
      return
    }
    var rest = run
    while !rest.isEmpty {
      if cursor.wraps { wrap() }
      let count = min(rest.count, columns - cursor.x)
      splitWide(at: cursor.x)
      splitWide(at: cursor.x + count)
      grid.write(UnsafeRawBufferPointer(rebasing: rest[..<count]), cursor.y, cursor.x, pen)
      cursor.x += count
      if cursor.x == columns { (cursor.x, cursor.wraps) = (columns - 1, true) }
      lastPrinted = UInt32(rest[count - 1])
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  mutating func put(_ scalar: UInt32) {
    let scalar = charsets.draws[charsets.current] ? LineDrawing.scalar(scalar) : scalar
    let width = CharacterWidth.of(scalar)
    if (0x80..<0xa0).contains(scalar) { return }
    if width == 0 { return combine(scalar) }
    lastPrinted = scalar
    if cursor.wraps && modes.autowrap { wrap() }
    if cursor.x + width > columns {
      guard modes.autowrap, columns >= 2 else { return }
      splitWide(at: cursor.x)
      grid[cursor.y, cursor.x] = .blank(pen)
      wrap()
    }
    if modes.insert { grid.insert(cursor.y, cursor.x, width, .blank(pen)) }
    splitWide(at: cursor.x)
    splitWide(at: cursor.x + width)
    grid[cursor.y, cursor.x] = Cell(scalar: scalar, pen: pen, width: UInt8(width))
    if width == 2 { grid[cursor.y, cursor.x + 1] = Cell(scalar: 0, pen: pen, width: 0) }
    cursor.x += width
    if cursor.x >= columns { (cursor.x, cursor.wraps) = (columns - 1, modes.autowrap) }
  }

  /// REP.
  mutating func printAgain(_ count: Int) {
    guard lastPrinted != 0 else { return }
    let scalar = lastPrinted
    // A line of them is what the sequence is for.
    for _ in 0..<min(count, columns) { put(scalar) }
  }

  /// A mark belongs to the character before the cursor.
  private mutating func combine(_ scalar: UInt32) {
    var x = cursor.wraps ? cursor.x : cursor.x - 1
    guard x >= 0 else { return }
    if grid[cursor.y, x].width == 0 { x -= 1 }
    guard x >= 0 else { return }
    grid[cursor.y, x].marks = marks.adding(scalar, to: grid[cursor.y, x].marks)
  }

  /// Whatever is written from `x` on: a wide character that reaches over it is gone.
  private mutating func splitWide(at x: Int) {
    guard x > 0, x < columns, grid[cursor.y, x].width == 0 else { return }
    grid[cursor.y, x - 1] = Cell(pen: grid[cursor.y, x - 1].pen)
    grid[cursor.y, x] = Cell(pen: grid[cursor.y, x].pen)
  }

  private mutating func wrap() {
    cursor.x = 0
    lineFeed()
  }

  mutating func lineFeed() {
    cursor.wraps = false
    if cursor.y == bottom {
      scrollUp(1)
    } else if cursor.y < rows - 1 {
      cursor.y += 1
    }
  }

  mutating func scrollUp(_ count: Int) {
    // Only what leaves the whole screen is history.
    if top == 0 && hidden == nil {
      for y in 0..<min(count, bottom + 1) { history.append(grid.rows[y], marks, links) }
    }
    grid.scrollUp(top, bottom, count, .blank(pen))
  }

  // MARK: size

  /// The terminal has another size. Rows that no longer fit go to the history; nothing is wrapped anew.
  public mutating func resize(_ size: TerminalSize) {
    self.size = size
    let (rows, columns) = Self.clamped(size)
    guard rows != self.rows || columns != self.columns else { return }
    let gone = grid.resize(rows: rows, columns: columns, cursor: cursor.y)
    cursor.y -= gone.count
    if hidden == nil { for row in gone { history.append(row, marks, links) } }
    let hiddenGone = hidden?.resize(rows: rows, columns: columns, cursor: hiddenSaved?.cursor.y ?? rows - 1) ?? []
    for row in hiddenGone { history.append(row, marks, links) }
    hiddenSaved?.cursor.y -= hiddenGone.count
    (top, bottom) = (0, rows - 1)
    tabs = tabs.filter { $0 < columns }.union(Self.standardTabs(columns).filter { $0 >= self.columns })
    cursor = clamped(cursor)
    let kept = (saved.map { clamped($0.cursor) }, hiddenSaved.map { clamped($0.cursor) })
    if let cursor = kept.0 { saved?.cursor = cursor }
    if let cursor = kept.1 { hiddenSaved?.cursor = cursor }
  }

  private func clamped(_ cursor: Cursor) -> Cursor {
    let x = min(max(cursor.x, 0), columns - 1)
    return Cursor(y: min(max(cursor.y, 0), rows - 1), x: x, wraps: cursor.wraps && x == columns - 1)
  }

  // MARK: the two screens

  mutating func enterAlternate() {
    guard hidden == nil else { return }
    (hidden, hiddenSaved, saved) = (grid, saved, nil)
    grid = Grid(rows: rows, columns: columns)
  }

  mutating func leaveAlternate() {
    guard let main = hidden else { return }
    (grid, saved) = (main, hiddenSaved)
    (hidden, hiddenSaved) = (nil, nil)
  }

  // MARK: as text

  /// The screen as plain text, with the history above it if wanted; blanks at the ends of lines left out.
  public func text(history wanted: Bool) -> String {
    var lines = wanted ? history.lines.map { $0.text } : []
    lines += grid.rows.map { ScreenLine.text($0, marks) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines.joined(separator: "\n") + (lines.isEmpty ? "" : "\n")
  }
}
