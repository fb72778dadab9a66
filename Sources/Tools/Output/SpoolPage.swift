import Core
import Host

/// A piece of what a command printed, as text.
struct SpoolPage {
  let text: String
  /// Where the next page begins.
  let next: Int
  /// Bytes that there are by now.
  let size: Int

  init(of file: OpenFile, from offset: Int, most: Int) throws(CmdopError) {
    size = file.facts.size
    var bytes = try file.read(at: offset, count: most)
    // A page ends between two characters, and best between two lines.
    if offset + bytes.count < size {
      if let line = bytes.lastIndex(of: 0x0a), line > bytes.count / 2 {
        bytes.removeSubrange((line + 1)...)
      } else {
        bytes.removeLast(UTF8Cut.incomplete(bytes))
      }
    }
    next = offset + bytes.count
    var (stripper, clean) = (ControlStripper(), [UInt8]())
    bytes.withUnsafeBytes { stripper.strip($0, into: &clean) }
    stripper.finish(into: &clean)
    text = String(decoding: clean, as: UTF8.self)
  }
}

enum UTF8Cut {
  /// How many bytes at the end are the beginning of a character whose rest is missing: 0 to 3.
  static func incomplete(_ bytes: some BidirectionalCollection<UInt8>) -> Int {
    for (count, byte) in bytes.reversed().prefix(4).enumerated() {
      if byte & 0xc0 == 0x80 { continue }
      let length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
      return length > count + 1 ? count + 1 : 0
    }
    return 0
  }
}
