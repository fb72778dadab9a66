/// One component of a glob as the shell reads it: `\` escapes, and what is not plain in brackets may be any character. It is made
/// to match too much rather than too little: what it matches is judged.
struct ShellGlob {
  fileprivate enum Part: Equatable {
    case byte(UInt8)
    case one
    case set(Set<UInt8>)
    case star
    /// Digits, as many as there are, or a minus.
    case number
  }
  /// What stands in patterns for a number that is not known.
  static let number: Unicode.Scalar = "\u{1}"
  fileprivate var parts: [Part] = []
  private var isDotted = false

  init(_ text: Substring) {
    let bytes = Array(text.utf8)
    var index = 0
    while index < bytes.count {
      switch bytes[index] {
      case 0x5c where index + 1 < bytes.count:
        parts.append(.byte(bytes[index + 1]))
        index += 2
      case 0x2a:
        if parts.last != .star { parts.append(.star) }
        index += 1
      case 0x3f:
        parts.append(.one)
        index += 1
      case 0x01:
        parts.append(.number)
        index += 1
      case 0x5b:
        let (part, next) = Self.brackets(bytes, from: index)
        parts.append(part)
        index = next
      default:
        parts.append(.byte(bytes[index]))
        index += 1
      }
    }
    isDotted = parts.first == .byte(0x2e) || text.hasPrefix("[.]")
  }

  /// Whether anything in it is special.
  static func isSpecial(_ text: Substring) -> Bool {
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        isEscaped = false
      } else if byte == 0x5c {
        isEscaped = true
      } else if [0x2a, 0x3f, 0x5b, 0x01].contains(byte) {
        return true
      }
    }
    return false
  }

  static func unescaped(_ text: some StringProtocol) -> String {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in text.utf8 {
      if byte == 0x5c, !isEscaped {
        isEscaped = true
      } else {
        result.append(byte)
        isEscaped = false
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `[a-c]`; a bracket that is not closed is itself. Classes, negations, ranges across kinds of characters and whatever is not
  /// ASCII stand for any character.
  private static func brackets(_ bytes: [UInt8], from open: Int) -> (Part, Int) {
    var index = open + 1
    var isPlain = true
    if index < bytes.count, bytes[index] == 0x21 || bytes[index] == 0x5e {
      isPlain = false
      index += 1
    }
    var members: Set<UInt8> = []
    let first = index
    while index < bytes.count, bytes[index] != 0x5d || index == first {
      let after = index + 1 < bytes.count ? bytes[index + 1] : 0
      if bytes[index] == 0x5b, [0x3a, 0x2e, 0x3d].contains(after) {
        isPlain = false
        var end = index + 2
        while end + 1 < bytes.count, !(bytes[end] == after && bytes[end + 1] == 0x5d) { end += 1 }
        // Unclosed, it is a bracket like any other.
        index = end + 1 < bytes.count ? end + 2 : index + 1
        continue
      }
      if bytes[index] == 0x5c { index += index + 1 < bytes.count ? 1 : 0 }
      let from = bytes[index]
      if index + 2 < bytes.count, bytes[index + 1] == 0x2d, bytes[index + 2] != 0x5d {
        let to = bytes[index + 2]
        let isSimple =
          from <= to && to < 0x80 && (from.isDigit == to.isDigit) && (from & 0x20 == to & 0x20) && to != 0x5c
        if isSimple { members.formUnion(from...to) } else { isPlain = false }
        index += 3
      } else {
        if from >= 0x80 { isPlain = false }
        members.insert(from)
        index += 1
      }
    }
    guard index < bytes.count else { return (.byte(0x5b), open + 1) }
    return (isPlain ? .set(members) : .one, index + 1)
  }

  /// A name that begins with a dot is only found by a glob that does.
  func matches(_ name: String) -> Bool {
    if name.utf8.first == 0x2e, !isDotted { return false }
    let bytes = Array(name.utf8)
    if parts.contains(.number) { return walk(bytes) }
    var (at, part) = (0, 0)
    var star: (part: Int, at: Int)?
    while at < bytes.count || part < parts.count {
      if part < parts.count {
        switch parts[part] {
        case .star:
          star = (part, at)
          part += 1
          continue
        case .byte(let byte) where at < bytes.count && bytes[at] == byte:
          (at, part) = (at + 1, part + 1)
          continue
        case .set(let members) where at < bytes.count && members.contains(bytes[at]):
          (at, part) = (at + 1, part + 1)
          continue
        case .one where at < bytes.count:
          part += 1
          at += 1
          while at < bytes.count, bytes[at] & 0xc0 == 0x80 { at += 1 }
          continue
        default: break
        }
      }
      guard let last = star, last.at < bytes.count else { return false }
      star = (last.part, last.at + 1)
      (at, part) = (last.at + 1, last.part + 1)
    }
    return true
  }
}

extension ShellGlob {
  /// All ways at once: numbers end where other signs begin, stars do not.
  fileprivate func walk(_ bytes: [UInt8]) -> Bool {
    var places: Set<Int> = [0]
    for part in parts {
      var next: Set<Int> = []
      for at in places {
        let byte = at < bytes.count ? bytes[at] : 0
        switch part {
        case .star: next.formUnion(at...bytes.count)
        case .number:
          next.insert(at)
          var end = at
          while end < bytes.count, bytes[end].isDigit || bytes[end] == 0x2d || bytes[end] == 0x01 {
            end += 1
            next.insert(end)
          }
        case .byte(let wanted): if at < bytes.count, byte == wanted { next.insert(at + 1) }
        case .set(let members): if at < bytes.count, members.contains(byte) { next.insert(at + 1) }
        case .one:
          var end = at + 1
          while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
          if at < bytes.count { next.insert(end) }
        }
      }
      places = next
    }
    return places.contains(bytes.count)
  }
}

/// What globs find in the file system now. It may be something else when the command runs.
struct GlobWalk {
  let paths: any PathView
  let budget: ExpansionBudget

  /// More are not looked at: then nobody knows.
  static let mostHits = 1000
  private static let mostNames = 20_000

  /// The words that a glob becomes, seen from a directory; nil: there are too many.
  func hits(of pattern: String, in directory: String) -> [String]? {
    var found = [pattern.hasPrefix("/") ? "/" : ""]
    var hasSpecial = false
    var looked = 0
    for part in pattern.split(separator: "/") {
      func joined(_ beginning: String, _ name: String) -> String {
        beginning.isEmpty || beginning.hasSuffix("/") ? beginning + name : beginning + "/" + name
      }
      guard ShellGlob.isSpecial(part) else {
        let name = ShellGlob.unescaped(part)
        found = found.map { joined($0, name) }
        continue
      }
      hasSpecial = true
      let glob = ShellGlob(part)
      var next: [String] = []
      for beginning in found {
        let names = paths.names(in: PathText.absolute(beginning, in: directory))
        looked += names.count + 1
        guard budget.takesLook(names.count / 16 + 1) else { return nil }
        // Before 5.2, bash found the folder itself and the one above it, too.
        for name in names + [".", ".."] where glob.matches(name) { next.append(joined(beginning, name)) }
        if next.count > Self.mostHits || looked > Self.mostNames { return nil }
      }
      found = next
    }
    guard budget.takesLook(found.count * 8) else { return nil }
    return hasSpecial ? found : []
  }
}
