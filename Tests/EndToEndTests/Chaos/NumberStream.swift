import Foundation

/// Follows what a user's terminal shows of a program that prints 1, 2, 3, …, each on a line of its own, and finds what is
/// missing and what came twice.
///
/// A drawing of the screen (docs/wire.md, ScreenRedraw) shows again what was shown before: behind one of the whole screen
/// counting begins anew; one of the bottom row changes nothing. So does our own line at the bottom.
struct NumberStream {
  private(set) var last: Int?
  private(set) var count = 0
  private(set) var drawings = 0
  /// What was not the number after the last one.
  private(set) var faults: [String] = []
  private var rest: [UInt8] = []
  private var line: [UInt8] = []
  /// Numbers count from the first line that says so.
  private var hasBegun: Bool
  /// The line that is being read began within a drawing.
  private var isTorn = false

  /// What has not been understood yet, for people.
  var pending: String { String(decoding: rest.prefix(200), as: UTF8.self).debugDescription }

  /// `begun`: false before the line `BEGIN`; true for a terminal that joins later.
  init(begun: Bool) {
    (hasBegun, isTorn) = (begun, begun)
  }

  mutating func add(_ bytes: some Sequence<UInt8>) {
    rest += bytes
    var at = 0
    while at < rest.count, let next = step(at) { at = next }
    rest.removeFirst(at)
  }

  /// Takes what stands at `at`; where it ends, or nil when its end has not come yet.
  private mutating func step(_ at: Int) -> Int? {
    let byte = rest[at]
    switch byte {
    case 0x18: return drawing(at)
    case 0x1b: return sequence(at)
    case 10: ended()
    case 13: break
    default: line.append(byte)
    }
    return at + 1
  }

  private mutating func drawing(_ at: Int) -> Int? {
    // Undoing what the terminal had on ends an update as well, before the drawing begins one.
    guard let begin = find("\u{1b}[?2026h", from: at), let end = find("\u{1b}[?2026l", from: begin) else { return nil }
    let isOfBottomRow = rest[at...].starts(with: Array("\u{18}\u{1b}\\\u{1b}[?2026h".utf8))
    if !isOfBottomRow { (line, isTorn, last, drawings) = ([], hasBegun, nil, drawings + 1) }
    return end
  }

  /// Our line stands between DECSC and DECRC; other sequences do not matter here.
  private func sequence(_ at: Int) -> Int? {
    guard at + 1 < rest.count else { return nil }
    if rest[at + 1] == UInt8(ascii: "7") { return find("\u{1b}8", from: at) }
    if rest[at + 1] == UInt8(ascii: "]") { return find("\u{1b}\\", from: at) }
    guard rest[at + 1] == UInt8(ascii: "[") else { return at + 2 }
    return rest[(at + 2)...].firstIndex { (0x40...0x7e).contains($0) }.map { $0 + 1 }
  }

  private func find(_ text: String, from at: Int) -> Int? {
    let wanted = Array(text.utf8)
    guard rest.count - at >= wanted.count else { return nil }
    return (at...(rest.count - wanted.count)).first { rest[$0..<$0 + wanted.count].elementsEqual(wanted) }
      .map { $0 + wanted.count }
  }

  private mutating func ended() {
    defer { (line, isTorn) = ([], false) }
    if isTorn { return }
    let text = String(decoding: line, as: UTF8.self)
    guard hasBegun else {
      hasBegun = text == "BEGIN"
      if hasBegun { last = 0 }
      return
    }
    guard let number = Int(text) else {
      // The first lines of a terminal that joins are ours.
      if last != nil { faults.append("\(text.debugDescription) after \(last ?? -1)") }
      return
    }
    if let last, number != last + 1 { faults.append("\(number) after \(last)") }
    last = number
    count += 1
  }
}
