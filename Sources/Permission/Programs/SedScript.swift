/// Reads a sed script far enough to say that it only edits text: no `e`, `w`, `W`, nothing unknown. `r` and `R` read files and
/// are no edits either. Where versions of sed differ about where something ends, it is not harmless.
struct SedScript {
  private let bytes: [UInt8]
  private var index = 0

  static func isHarmless(_ text: String) -> Bool {
    var script = SedScript(bytes: Array(text.utf8))
    return script.read()
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8 { index < bytes.count ? bytes[index] : 0 }
  private var isAtLineEnd: Bool { index >= bytes.count || next == 0x0a }

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
      case "a", "i", "c": guard readText() else { return false }
      case ":", "b", "t", "T", "v":
        // A label: plain names only, which end in all versions at the same place.
        while next.isBlank { index += 1 }
        while next.isNamePart || next == 0x2e || next == 0x2d { index += 1 }
        while next.isBlank { index += 1 }
        guard isAtLineEnd || next == 0x3b else { return false }
      // A comment ends with its line, whatever stands before that.
      case "#": while !isAtLineEnd { index += 1 }
      case "s": guard readSubstitution() else { return false }
      case "y":
        let delimiter = next
        guard delimiter != 0x0a, delimiter != 0x5c, delimiter < 0x80, skipPart(delimiter, isPattern: false),
          skipRest(delimiter, isPattern: false)
        else { return false }
      default: return false
      }
      while next.isBlank { index += 1 }
      if !isAtLineEnd, next != 0x3b, next != 0x7d, command != 0x7b { return false }
    }
  }

  /// Behind a, i, c: the rest of the line, or, behind a backslash that ends it, the next line. Other backslashes there are
  /// escapes, or go on to another line, as the version likes.
  private mutating func readText() -> Bool {
    while next.isBlank { index += 1 }
    if next == 0x5c {
      index += 1
      guard isAtLineEnd else { return false }
      index += 1
    }
    while !isAtLineEnd {
      if next == 0x5c { return false }
      index += 1
    }
    return true
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
        guard next != 0x0a, next != 0x5c, skipPart(next) else { return false }
        while next == 0x49 || next == 0x4d { index += 1 }
      default: return true
      }
    }
  }

  private mutating func readSubstitution() -> Bool {
    let delimiter = next
    guard delimiter != 0x0a, delimiter != 0x5c, delimiter < 0x80, skipPart(delimiter),
      skipRest(delimiter, isPattern: false)
    else { return false }
    while index < bytes.count {
      switch Character(Unicode.Scalar(next)) {
      case "g", "p", "i", "I", "m", "M", "0"..."9": index += 1
      default: return next != 0x65 && next != 0x77
      }
    }
    return true
  }

  /// From an opening delimiter past the next one.
  private mutating func skipPart(_ delimiter: UInt8, isPattern: Bool = true) -> Bool {
    guard next == delimiter, delimiter != 0 else { return false }
    index += 1
    return skipRest(delimiter, isPattern: isPattern)
  }

  /// In a pattern a delimiter in brackets ends nothing.
  private mutating func skipRest(_ delimiter: UInt8, isPattern: Bool) -> Bool {
    while index < bytes.count {
      switch next {
      case 0x5c: index += 2
      case delimiter:
        index += 1
        return true
      case 0x0a: return false
      case 0x5b where isPattern: guard skipBrackets() else { return false }
      default: index += 1
      }
    }
    return false
  }

  /// [abc], []a], [^]a], [[:space:]a]. A backslash before the closing one escapes it, or does not.
  private mutating func skipBrackets() -> Bool {
    index += 1
    if next == 0x5e { index += 1 }
    if next == 0x5d { index += 1 }
    while index < bytes.count, next != 0x0a {
      let after = index + 1 < bytes.count ? bytes[index + 1] : 0
      if next == 0x5d {
        index += 1
        return true
      }
      if next == 0x5c, after == 0x5d || after == 0x5c { return false }
      if next == 0x5b, [0x3a, 0x2e, 0x3d].contains(after) {
        index += 2
        while index + 1 < bytes.count, !(bytes[index] == after && bytes[index + 1] == 0x5d) {
          if bytes[index] == 0x0a { return false }
          index += 1
        }
        index += 1
      }
      index += 1
    }
    return false
  }
}
