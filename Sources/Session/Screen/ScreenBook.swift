/// What cells name by number: styles, clusters of characters, hyperlinks.
struct ScreenBook {
  var styles = ScreenStyleTable()
  /// A character and the marks on it.
  var clusters = ScreenTable<[UInt32]>(limit: 8192)
  /// Parameters and address, as the program wrote them in OSC 8.
  var links = ScreenTable<[UInt8]>(limit: 512)

  /// More marks than this on one character are decoration; xterm keeps two.
  static let longestCluster = 8

  /// The characters of a cell.
  func scalars(_ cell: ScreenCell) -> [UInt32] {
    guard let number = cell.cluster else { return [cell.content] }
    return clusters[number] ?? [0x20]
  }
}

/// What a terminal tells of colours: those that the program has changed.
struct ScreenPalette {
  /// By what stands before the colour in the command that changes it ("4;7", "11"). Empty: changed, and changed back.
  private(set) var colours: [String: String] = [:]

  /// 256 and the ten dynamic ones, with room for kinds of naming.
  private static let most = 300
  private static let longestColour = 64

  mutating func set(_ name: String, _ colour: String) {
    guard colours[name] != nil || colours.count < Self.most, colour.utf8.count <= Self.longestColour else { return }
    colours[name] = colour
  }

  mutating func reset(_ name: String) { if colours[name] != nil { colours[name] = "" } }

  mutating func resetAll(prefix: String) {
    for name in colours.keys where name.hasPrefix(prefix) { colours[name] = "" }
  }

  var changed: [(name: String, colour: String)] {
    colours.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { ($0, $1) }
  }
  var restored: [String] { colours.filter { $0.value.isEmpty }.keys.sorted() }
}
