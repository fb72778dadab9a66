import Core

@testable import Session

/// Everything a terminal shows and remembers, with what cells name by number spelled out.
struct ScreenState: Equatable {
  struct Look: Hashable {
    var content: UInt32
    /// Of a character with marks, all of it.
    var cluster: [UInt32]
    var half: Int
    var style: ScreenStyle
    var link: [UInt8]
  }
  struct Row: Equatable {
    var cells: [Look]
    var wraps: Bool
  }

  var shown: [Row]
  var hidden: [Row]?
  var cursor: ScreenCursor
  var saved: SavedCursor
  var hiddenSaved: SavedCursor
  var margins: ScreenMargins
  var style: ScreenStyle
  var link: [UInt8]
  var charsets: Charsets
  var modes: ScreenModes
  var tabs: [Bool]
  var title: String
  var titles: [String]
  var directory: String
  var palette: [String]
  var lastPrinted: UInt32
  var unfinished: [UInt8]

  init(_ model: ScreenModel) {
    shown = Self.rows(model.grid, model.book)
    hidden = model.hidden.map { Self.rows($0, model.book) }
    (cursor, saved) = (model.cursor, model.saved)
    hiddenSaved = model.hidden == nil ? SavedCursor() : model.hiddenSaved
    (margins, style, link, charsets) = (model.margins, model.style, model.link, model.charsets)
    (modes, tabs, title, titles) = (model.modes, model.tabs, model.title, model.titles)
    (directory, lastPrinted, unfinished) = (model.directory, model.lastPrinted, model.parser.unfinished)
    palette = model.palette.changed.map { "\($0.name);\($0.colour)" }
  }

  private static func rows(_ grid: ScreenGrid, _ book: ScreenBook) -> [Row] {
    (0..<grid.rows).map { y in
      Row(
        cells: (0..<grid.columns).map { x in
          let cell = grid[y, x]
          return Look(
            content: cell.isTrail || cell.cluster != nil ? 0 : cell.content,
            cluster: cell.cluster == nil ? [] : book.scalars(cell),
            half: cell.isLead ? 1 : cell.isTrail ? 2 : 0,
            style: book.styles[cell.style], link: book.links[Int(cell.link)] ?? [])
        }, wraps: grid.line(y).wraps)
    }
  }

  /// What differs, for people.
  func differences(from other: ScreenState) -> [String] {
    var found: [String] = []
    func compare<Value: Equatable>(_ name: String, _ a: Value, _ b: Value) {
      if a != b { found.append("\(name): \(a) instead of \(b)") }
    }
    found += Self.differences("screen", shown, other.shown)
    if let hidden, let others = other.hidden { found += Self.differences("main screen", hidden, others) }
    compare("alternate", hidden != nil, other.hidden != nil)
    compare("cursor", cursor, other.cursor)
    compare("saved", saved, other.saved)
    compare("main's saved", hiddenSaved, other.hiddenSaved)
    compare("margins", margins, other.margins)
    compare("pen", style, other.style)
    compare("link", link, other.link)
    compare("charsets", charsets, other.charsets)
    compare("modes", modes, other.modes)
    compare("tabs", tabs, other.tabs)
    compare("title", title, other.title)
    compare("titles", titles, other.titles)
    compare("directory", directory, other.directory)
    compare("palette", palette, other.palette)
    compare("last printed", lastPrinted, other.lastPrinted)
    compare("unfinished", unfinished, other.unfinished)
    return found
  }

  private static func differences(_ name: String, _ a: [Row], _ b: [Row]) -> [String] {
    guard a.count == b.count else { return ["\(name): \(a.count) rows instead of \(b.count)"] }
    for y in a.indices where a[y] != b[y] {
      if a[y].wraps != b[y].wraps { return ["\(name), row \(y): wraps \(a[y].wraps) instead of \(b[y].wraps)"] }
      guard a[y].cells.count == b[y].cells.count else { return ["\(name), row \(y): length"] }
      for x in a[y].cells.indices where a[y].cells[x] != b[y].cells[x] {
        return ["\(name), row \(y), column \(x): \(a[y].cells[x]) instead of \(b[y].cells[x])"]
      }
    }
    return []
  }

  /// What an earlier program may have left in a dirty terminal, and no drawing takes away: preferences and colours that
  /// our program never touched.
  func overlooking(whatIsNotIn original: ScreenState) -> ScreenState {
    var state = self
    state.modes.preferences = modes.preferences.filter { original.modes.preferences[$0.key] != nil }
    state.palette = palette.filter { original.palette.contains($0) }
    return state
  }
}
