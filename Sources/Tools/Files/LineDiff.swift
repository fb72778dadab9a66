import Core

/// Replaces pieces of a file, and shows what that changes as a unified diff.
struct LineDiff {
  let result: [UInt8]
  /// At most `most` bytes.
  let text: String

  static let most = 8 * 1024
  private static let context = 3

  /// `places`: where the pieces of `length` bytes begin, ascending, without overlaps.
  init(replacing places: [Int], of length: Int, by new: [UInt8], in old: [UInt8], path: String) {
    var (result, from) = ([UInt8](), 0)
    result.reserveCapacity(old.count + places.count * max(0, new.count - length))
    for place in places {
      result += old[from..<place]
      result += new
      from = place + length
    }
    result += old[from...]
    self.result = result

    let lines = Self.lines(of: old)
    var text = "--- \(path)\n+++ \(path)\n"
    var grown = 0
    for group in Self.groups(places, length, lines) {
      guard text.utf8.count < Self.most else {
        text += "[… more changes]\n"
        break
      }
      let first = group.first
      var last = group.last
      var after = Self.replaced(
        group.places, length, by: new, in: old, lines[first].lowerBound..<lines[last].upperBound)
      // Where a line feed went, the next line goes up to the end of this one.
      if let end = after.last, end != 0x0a, last + 1 < lines.count {
        last += 1
        after += old[lines[last]]
      }
      let afterLines = Self.lines(of: after).map { after[$0] }
      let before = lines[max(0, first - Self.context)..<first].map { old[$0] }
      let behind = lines[(last + 1)..<min(lines.count, last + 1 + Self.context)].map { old[$0] }
      let start = first - before.count + 1
      let (oldCount, newCount) = (
        before.count + last - first + 1 + behind.count, before.count + afterLines.count + behind.count
      )
      text += "@@ -\(start),\(oldCount) +\(start + grown),\(newCount) @@\n"
      text += before.map { Self.row(" ", $0) }.joined()
      text += lines[first...last].map { Self.row("-", old[$0]) }.joined()
      text += afterLines.map { Self.row("+", $0) }.joined()
      text += behind.map { Self.row(" ", $0) }.joined()
      grown += afterLines.count - (last - first + 1)
    }
    self.text = text.utf8.count <= 2 * Self.most ? text : String(text.prefix(Self.most)) + "\n[…]\n"
  }

  /// What stands in those bytes afterwards.
  private static func replaced(
    _ places: [Int], _ length: Int, by new: [UInt8], in old: [UInt8], _ range: Range<Int>
  ) -> [UInt8] {
    var (after, at) = ([UInt8](), range.lowerBound)
    for place in places {
      after += old[at..<place]
      after += new
      at = place + length
    }
    return after + old[at..<max(at, range.upperBound)]
  }

  private static func row(_ sign: String, _ line: ArraySlice<UInt8>) -> String {
    let text = line.last == 0x0a ? line.dropLast() : line
    let long = text.count > 500 ? "…" : ""
    return sign + String(decoding: text.prefix(500), as: UTF8.self) + long + "\n"
  }

  /// Each with its line feed.
  private static func lines(of bytes: [UInt8]) -> [Range<Int>] {
    var (lines, begin) = ([Range<Int>](), 0)
    for (index, byte) in bytes.enumerated() where byte == 0x0a {
      lines.append(begin..<(index + 1))
      begin = index + 1
    }
    if begin < bytes.count { lines.append(begin..<bytes.count) }
    return lines
  }

  private struct Group {
    var places: [Int]
    var first: Int
    var last: Int
  }

  /// Changes so close to each other that their contexts touch go together.
  private static func groups(_ places: [Int], _ length: Int, _ lines: [Range<Int>]) -> [Group] {
    func index(of place: Int) -> Int {
      var (low, high) = (0, lines.count - 1)
      while low < high {
        let middle = (low + high) / 2
        if lines[middle].upperBound <= place { low = middle + 1 } else { high = middle }
      }
      return low
    }
    var groups: [Group] = []
    for place in places {
      let (first, last) = (index(of: place), index(of: max(place, place + length - 1)))
      if let previous = groups.last, first - previous.last <= 2 * context {
        groups[groups.count - 1].places.append(place)
        groups[groups.count - 1].last = max(previous.last, last)
      } else {
        groups.append(Group(places: [place], first: first, last: last))
      }
    }
    return groups
  }
}
