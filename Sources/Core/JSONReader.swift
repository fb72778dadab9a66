/// Reads RFC 8259, one pass over the bytes. `JSONDecoder` would do, but it finds out what a value is by trying all that it is
/// not, and a streamed answer is thousands of small values: 16 times the time (docs/decisions/0008).
///
/// Strict about form. Text is repaired rather than refused, as everywhere: what is no UTF-8, and halves of surrogate pairs,
/// become U+FFFD.
struct JSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let deepest: Int
  private var at = 0

  static func value(of bytes: [UInt8], deepest: Int = JSON.deepest) throws(CmdopError) -> JSON {
    let result: Result<JSON, CmdopError> = bytes.withUnsafeBufferPointer { buffer in
      do throws(CmdopError) {
        var reader = JSONReader(bytes: buffer, deepest: deepest)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.at == buffer.count else { throw reader.fault("something follows it") }
        return .success(value)
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private init(bytes: UnsafeBufferPointer<UInt8>, deepest: Int) { (self.bytes, self.deepest) = (bytes, deepest) }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  /// What has lines was written by a person, who looks for the line.
  private func fault(_ what: String) -> CmdopError {
    let line = bytes[..<min(at, bytes.count)].count { $0 == 0x0a } + 1
    let place = bytes.contains(0x0a) ? "in line \(line)" : "at byte \(at)"
    return CmdopError(.badUsage, "this is no JSON: \(what) \(place)")
  }

  private mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  private mutating func value(depth: Int) throws(CmdopError) -> JSON {
    skipBlanks()
    guard let byte = next else { throw fault("it ends early") }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ word: StaticString, _ value: JSON) throws(CmdopError) -> JSON {
    let count = word.utf8CodeUnitCount
    guard at + count <= bytes.count, (0..<count).allSatisfy({ bytes[at + $0] == word.utf8Start[$0] }) else {
      throw fault("an unknown word")
    }
    at += count
    return value
  }

  private func checkDepth(_ depth: Int) throws(CmdopError) {
    if depth > deepest { throw CmdopError(.badUsage, "the JSON is nested deeper than \(deepest) levels") }
  }

  private mutating func object(depth: Int) throws(CmdopError) -> JSON {
    try checkDepth(depth)
    var members: [String: JSON] = [:]
    at += 1
    skipBlanks()
    if next == UInt8(ascii: "}") {
      at += 1
      return .object(members)
    }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw fault("a name is missing") }
      let name = try string()
      skipBlanks()
      guard next == UInt8(ascii: ":") else { throw fault("a colon is missing") }
      at += 1
      members[name] = try value(depth: depth)
      if try isLast(UInt8(ascii: "}")) { return .object(members) }
    }
  }

  private mutating func array(depth: Int) throws(CmdopError) -> JSON {
    try checkDepth(depth)
    var items: [JSON] = []
    at += 1
    skipBlanks()
    if next == UInt8(ascii: "]") {
      at += 1
      return .array(items)
    }
    while true {
      items.append(try value(depth: depth))
      if try isLast(UInt8(ascii: "]")) { return .array(items) }
    }
  }

  private mutating func isLast(_ end: UInt8) throws(CmdopError) -> Bool {
    skipBlanks()
    guard next == end || next == UInt8(ascii: ",") else { throw fault("a comma is missing") }
    at += 1
    return bytes[at - 1] == end
  }

  private mutating func number() throws(CmdopError) -> JSON {
    let start = at
    var isWhole = true
    if next == UInt8(ascii: "-") { at += 1 }
    let leading = next
    let whole = digits()
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else {
      at = start
      throw fault("an unexpected character")
    }
    if next == UInt8(ascii: ".") {
      (isWhole, at) = (false, at + 1)
      guard digits() > 0 else { throw fault("a digit is missing") }
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      (isWhole, at) = (false, at + 1)
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      guard digits() > 0 else { throw fault("a digit is missing") }
    }
    let text = String(decoding: bytes[start..<at], as: UTF8.self)
    if isWhole, let number = Int(text) { return .integer(number) }
    guard let number = Double(text), number.isFinite else { throw fault("a number that is too large") }
    // 3.0 is 3: equal values are equal bytes when they are written again.
    return Int(exactly: number).map { .integer($0) } ?? .number(number)
  }

  private mutating func digits() -> Int {
    let start = at
    while let byte = next, byte >= 0x30, byte <= 0x39 { at += 1 }
    return at - start
  }

  private mutating func string() throws(CmdopError) -> String {
    at += 1
    let start = at
    while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
    if next == UInt8(ascii: "\"") {
      at += 1
      return String(decoding: bytes[start..<at - 1], as: UTF8.self)
    }
    var text = Array(bytes[start..<at])
    while true {
      guard let byte = next else { throw fault("a text ends early") }
      at += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20:
        at -= 1
        throw fault("a control character in a text")
      default:
        let start = at - 1
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { at += 1 }
        text.append(contentsOf: bytes[start..<at])
      }
    }
  }

  private mutating func escape(into text: inout [UInt8]) throws(CmdopError) {
    guard let byte = next else { throw fault("a text ends early") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: Character(try escapedScalar()).utf8)
    default:
      at -= 1
      throw fault("an unknown escape")
    }
  }

  private mutating func escapedScalar() throws(CmdopError) -> Unicode.Scalar {
    let unit = try hexUnit()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    // The first half of a pair; what follows is the second, or stands for itself.
    let here = at
    if unit < 0xdc00, next == UInt8(ascii: "\\"), at + 1 < bytes.count, bytes[at + 1] == UInt8(ascii: "u") {
      at += 2
      let second = try hexUnit()
      if (0xdc00..<0xe000).contains(second) {
        return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (second - 0xdc00)) ?? "\u{fffd}"
      }
      at = here
    }
    return "\u{fffd}"
  }

  private mutating func hexUnit() throws(CmdopError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
        throw fault("four hex digits are missing")
      }
      unit = unit << 4 | UInt32(digit)
      at += 1
    }
    return unit
  }
}
