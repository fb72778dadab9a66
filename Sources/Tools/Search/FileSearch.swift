import Core
import Host

/// Looks for lines in one file after the other, in pieces: no file is ever in memory as a whole.
struct FileSearch {
  struct Hit {
    /// From 1.
    let line: Int
    let text: String
    /// A line that matches; else one around it.
    let isMatch: Bool
  }

  private var pattern: LinePattern
  private let around: Int
  private let cancellation: Cancellation
  /// Bytes that were looked at.
  private(set) var bytes = 0

  private static let piece = 256 * 1024
  /// A longer line is searched in pieces; one that lies across their border may be missed.
  private static let longestLine = 1024 * 1024
  /// What is shown of a line.
  static let shown = 400

  init(_ pattern: LinePattern, around: Int, _ cancellation: Cancellation) {
    (self.pattern, self.around, self.cancellation) = (pattern, around, cancellation)
  }

  enum Result {
    case searched
    case binary
    case unreadable
  }

  /// `take` gets each line; false: that is enough.
  mutating func run(_ file: OpenFile, _ take: (Hit) -> Bool) -> Result {
    var (held, offset, line, after) = ([UInt8](), 0, 1, 0)
    var before: [Hit] = []
    while !cancellation.isOver {
      guard let piece = try? file.read(at: offset, count: Self.piece) else { return .unreadable }
      if offset == 0 && piece.prefix(8192).contains(0) { return .binary }
      (offset, bytes) = (offset + piece.count, bytes + piece.count)
      let isLast = piece.count < Self.piece
      held += piece
      let goesOn = held.withUnsafeBytes { text in
        var begin = 0
        while begin < text.count {
          let end = ByteScan.lineFeed(in: text, from: begin)
          guard end != nil || isLast || text.count - begin > Self.longestLine else { break }
          let whole = UnsafeRawBufferPointer(rebasing: text[begin..<(end ?? text.count)])
          guard look(whole, line, &before, &after, take) else { return false }
          begin = (end ?? text.count - 1) + 1
          if end != nil { line += 1 }
        }
        return keep(from: begin)
      }
      guard goesOn, !isLast else { break }
      held.removeFirst(kept)
    }
    return .searched
  }

  private var kept = 0
  private mutating func keep(from begin: Int) -> Bool {
    kept = begin
    return true
  }

  private mutating func look(
    _ line: UnsafeRawBufferPointer, _ number: Int, _ before: inout [Hit], _ after: inout Int, _ take: (Hit) -> Bool
  ) -> Bool {
    // The return of "\r\n" belongs to the end of the line, not to its text.
    let text = line.last == 0x0d ? UnsafeRawBufferPointer(rebasing: line.dropLast()) : line
    if let end = pattern.end(of: text, isOver: { cancellation.isOver }) {
      for hit in before { guard take(hit) else { return false } }
      (before, after) = ([], around)
      return take(Hit(line: number, text: Self.excerpt(text, around: end), isMatch: true))
    }
    guard around > 0 else { return true }
    let hit = Hit(line: number, text: Self.excerpt(text, around: 0), isMatch: false)
    if after > 0 {
      after -= 1
      return take(hit)
    }
    before.append(hit)
    if before.count > around { before.removeFirst() }
    return true
  }

  /// Of a long line the part where it matches.
  private static func excerpt(_ line: UnsafeRawBufferPointer, around end: Int) -> String {
    guard line.count > shown else { return OneLine.of(String(decoding: line, as: UTF8.self)) }
    let from = max(0, min(end - shown / 2, line.count - shown))
    let part = line[from..<min(line.count, from + shown)].drop { $0 & 0xc0 == 0x80 }
    let text = String(decoding: part.dropLast(UTF8Cut.incomplete(part)), as: UTF8.self)
    return (from > 0 ? "…" : "") + OneLine.of(text) + (from + shown < line.count ? "…" : "")
  }
}
