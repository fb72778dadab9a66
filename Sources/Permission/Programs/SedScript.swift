/// Reads a sed script far enough to say that it only edits text: no `e`, `w`, `W`, nothing unknown. `r` and `R` read files and
/// are no edits either.
struct SedScript {
  private let bytes: [UInt8]
  private var index = 0

  static func isHarmless(_ text: String) -> Bool {
    var script = SedScript(bytes: Array(text.utf8))
    return script.read()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8 { index < bytes.count ? bytes[index] : 0 }

  private mutating func read() -> Bool {
    while true {
      while next.isBlank || next == 0x0a || next == 0x3b || next == 0x7d { index += 1 }
      if index >= bytes.count { return true }
      guard readAddress() else { return false }
      let command = next
      index += 1
      switch Character(Unicode.Scalar(command)) {
      case "{", "=", "d", "D", "g", "G", "h", "H", "l", "n", "N", "p", "P", "x", "z", "F": break
      case "q", "Q": while next.isBlank || next.isDigit { index += 1 }
      case "a", "i", "c", ":", "b", "t", "T", "#", "v":
        // The rest of the line is text, or a label. GNU's ends at the newline; a backslash goes on.
        while index < bytes.count, next != 0x0a { index += next == 0x5c ? 2 : 1 }
      case "s": guard readSubstitution() else { return false }
      case "y": guard skipPart(next), skipRest(bytes[max(0, index - 1)]) else { return false }
      default: return false
      }
      while next.isBlank { index += 1 }
      if index < bytes.count, next != 0x0a, next != 0x3b, next != 0x7d, command != 0x7b { return false }
    }
  }

  /// Numbers, $, /…/, ranges, !
  private mutating func readAddress() -> Bool {
    while true {
      switch next {
      case 0x30...0x39, 0x24, 0x2c, 0x7e, 0x2b, 0x21, 0x20, 0x09: index += 1
      case 0x2f:
        guard skipPart(0x2f) else { return false }
        while next == 0x49 || next == 0x4d { index += 1 }
      case 0x5c:
        index += 1
        guard skipPart(next) else { return false }
      default: return true
      }
    }
  }

  private mutating func readSubstitution() -> Bool {
    let delimiter = next
    guard delimiter != 0x0a, delimiter != 0x5c, delimiter != 0, skipPart(delimiter), skipRest(delimiter) else {
      return false
    }
    while index < bytes.count {
      switch Character(Unicode.Scalar(next)) {
      case "g", "p", "i", "I", "m", "M", "0"..."9": index += 1
      default: return next != 0x65 && next != 0x77
      }
    }
    return true
  }

  /// From an opening delimiter past the next one.
  private mutating func skipPart(_ delimiter: UInt8) -> Bool {
    guard next == delimiter, delimiter != 0 else { return false }
    index += 1
    return skipRest(delimiter)
  }

  private mutating func skipRest(_ delimiter: UInt8) -> Bool {
    while index < bytes.count {
      if next == 0x5c {
        index += 2
        continue
      }
      if next == delimiter {
        index += 1
        return true
      }
      index += 1
    }
    return false
  }
}
