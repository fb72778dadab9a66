public import Core

/// Writes a session's output with its timing: the events of asciicast v2 (docs.asciinema.org/manual/asciicast/v2), one per
/// line. The head is written when it is saved.
@Loop
final class Recorder {
  private let startedAt: Int64
  private let write: @Loop ([UInt8]) -> Void
  /// The beginning of a character that was cut in two.
  private var held: [UInt8] = []
  private lazy var last = startedAt

  /// `startedAt`: milliseconds since 1970, what event times are counted from.
  init(startedAt: Int64, write: @escaping @Loop ([UInt8]) -> Void) { (self.startedAt, self.write) = (startedAt, write) }

  func add(_ piece: UnsafeRawBufferPointer, at time: Int64) {
    let bytes = held + piece
    last = time
    let whole = Asciicast.wholeCharacters(bytes)
    held = Array(bytes[whole...])
    if whole > 0 { write(Asciicast.event(time - startedAt, "o", bytes[..<whole])) }
  }

  func resize(_ size: TerminalSize, at time: Int64) {
    write(Asciicast.event(time - startedAt, "r", Array("\(size.columns)x\(size.rows)".utf8)[...]))
  }

  func finish() {
    if !held.isEmpty { write(Asciicast.event(last - startedAt, "o", held[...])) }
    held = []
  }
}

/// asciicast v2.
public enum Asciicast {
  /// `directory`: where the session worked; a field of ours, for `session restore`.
  public static func head(_ size: TerminalSize, startedAt: Int64, title: String, directory: String? = nil) -> [UInt8] {
    var line = Array("{\"version\": 2, \"width\": \(size.columns), \"height\": \(size.rows), \"timestamp\": ".utf8)
    line += "\(startedAt / 1000), \"title\": ".utf8
    quote(Array(title.utf8)[...], into: &line)
    if let directory {
      line += ", \"cmdop_directory\": ".utf8
      quote(Array(directory.utf8)[...], into: &line)
    }
    return line + "}\n".utf8
  }

  /// `after`: milliseconds since the beginning. Bytes that are no UTF-8 become U+FFFD.
  static func event(_ after: Int64, _ kind: String, _ text: ArraySlice<UInt8>) -> [UInt8] {
    let after = max(0, after)
    let fraction = String(1000 + after % 1000).dropFirst()
    var line = Array("[\(after / 1000).\(fraction), \"\(kind)\", ".utf8)
    quote(text, into: &line)
    return line + "]\n".utf8
  }

  /// How many bytes belong to characters that are complete.
  static func wholeCharacters(_ bytes: [UInt8]) -> Int {
    // At most the last three can be the beginning of one.
    for back in 1...3 where bytes.count >= back {
      let byte = bytes[bytes.count - back]
      let length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : byte < 0x80 ? 1 : 0
      if length > back { return bytes.count - back }
      if length > 0 { break }
    }
    return bytes.count
  }

  private static func quote(_ text: ArraySlice<UInt8>, into line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
      switch scalar.value {
      case 0x22, 0x5c: line += [0x5c, UInt8(scalar.value)]
      case 0x0a: line += "\\n".utf8
      case 0x0d: line += "\\r".utf8
      case 0..<0x20, 0x7f: line += "\\u00\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))".utf8
      default: line += String(scalar).utf8
      }
    }
    line.append(UInt8(ascii: "\""))
  }
}
