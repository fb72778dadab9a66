import Core
import Host

/// What is told of an output: its beginning and its end, and how much there was.
struct CapturedText {
  let output: String
  let bytes: Int
  let lines: Int
  let isTruncated: Bool
  let isBinary: Bool
  let spool: String?
  /// Bytes of it that the spool has.
  let kept: Int

  /// `early`: the first two parts; `late`: the last part at least, where there was more.
  init(early: [UInt8], late: [UInt8], bytes: Int, lineFeeds: Int, spool: SpoolFile?) {
    (self.bytes, self.spool, kept) = (bytes, spool?.id, spool?.kept ?? 0)
    lines = lineFeeds + (late.isEmpty || late.last == 0x0a ? 0 : 1)
    isBinary = Self.looksBinary(early.prefix(8192))
    isTruncated = isBinary || bytes > early.count
    if isBinary {
      output = "[binary output, \(bytes) bytes]"
    } else if bytes <= early.count {
      output = Self.text(early[...])
    } else {
      let part = OutputKeeper.part
      let (head, tail) = (Self.head(early.prefix(part)), Self.tail(late.suffix(part)))
      let isMiddle: (UInt8) -> Bool = { $0 == 0x0a }
      let (left, leftLines) = (
        bytes - head.count - tail.count, lineFeeds - head.count(where: isMiddle) - tail.count(where: isMiddle)
      )
      output = Self.text(head) + "\n[… \(left) bytes, \(leftLines) lines left out here …]\n" + Self.text(tail)
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var (stripper, clean) = (ControlStripper(), [UInt8]())
    bytes.withUnsafeBytes { stripper.strip($0, into: &clean) }
    stripper.finish(into: &clean)
    return String(decoding: clean, as: UTF8.self)
  }

  /// Ends with a line where one ends nearby, else with a character.
  private static func head(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    if let end = bytes.suffix(2048).lastIndex(of: 0x0a) { return bytes[..<end] }
    return bytes.dropLast(UTF8Cut.incomplete(bytes))
  }

  /// Begins with a line where one begins nearby: a cut escape sequence would be taken for text.
  private static func tail(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    if let end = bytes.prefix(2048).firstIndex(of: 0x0a) { return bytes[(end + 1)...] }
    return bytes.drop { $0 & 0xc0 == 0x80 }
  }

  /// Controls that no text has, or NULs that are more than separators.
  static func looksBinary(_ sample: ArraySlice<UInt8>) -> Bool {
    let strange = sample.count { $0 < 0x20 && !usual.contains($0) || $0 >= 0xf8 }
    let nulls = sample.count { $0 == 0 }
    return sample.count >= 32 && (strange * 10 > sample.count || nulls * 3 > sample.count || nulls > 0 && strange > 0)
  }

  /// NUL, bell, backspace, tab, line feed, form feed, return and escape do occur.
  private static let usual: Set<UInt8> = [0, 7, 8, 9, 10, 12, 13, 27]
}
