/// Reads JSONC and remembers where everything stands. What a text or a number is, `JSONReader` says.
struct JSONCReader {
  private let bytes: [UInt8]
  private var at = 0
  /// The first thing that plain JSON does not have.
  private(set) var beyond: (what: String, offset: Int)?
  /// Behind the last comment that was skipped.
  private var commentEnd = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// nil: there are only blanks and comments.
  mutating func document() throws(CmdopError) -> JSONCNode? {
    // Some editors mark UTF-8 with it, and read it.
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
      note("a byte order mark", 0)
      at = 3
    }
    try skip()
    guard next != nil else { return nil }
    let root = try value(depth: 0)
    try skip()
    guard next == nil else { throw fault("something follows the end") }
    return root
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }
  private func isAhead(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    return at + count <= bytes.count && (0..<count).allSatisfy { bytes[at + $0] == text.utf8Start[$0] }
  }

  private func fault(_ what: String) -> CmdopError {
    let what = next == nil ? "it ends early" : what
    return CmdopError(.badUsage, "this is no JSON: \(what) (\(JSONCText.place(of: at, in: bytes)))")
  }

  private mutating func note(_ what: String, _ offset: Int) { if beyond == nil { beyond = (what, offset) } }

  /// Blanks and comments.
  private mutating func skip() throws(CmdopError) {
    while let byte = next {
      switch byte {
      case 0x20, 0x0a, 0x0d, 0x09: at += 1
      case UInt8(ascii: "/"):
        note("a comment", at)
        if isAhead("//") {
          while let byte = next, byte != 0x0a, byte != 0x0d { at += 1 }
        } else if isAhead("/*") {
          let start = at
          at += 2
          while !isAhead("*/") {
            guard next != nil else {
              at = start
              throw fault("a comment does not end")
            }
            at += 1
          }
          at += 2
        } else {
          throw fault("an unexpected character")
        }
        commentEnd = at
      default: return
      }
    }
  }

  private mutating func value(depth: Int) throws(CmdopError) -> JSONCNode {
    guard let byte = next else { throw fault("a value is missing") }
    if byte == UInt8(ascii: "{") { return try object(depth: depth + 1) }
    if byte == UInt8(ascii: "[") { return try array(depth: depth + 1) }
    let start = at
    if byte == UInt8(ascii: "\"") { return JSONCNode(value: .string(try text()), range: start..<at) }
    while let byte = next, Self.isOfWord(byte) { at += 1 }
    guard at > start, let value = try? JSON(parsing: bytes[start..<at]) else {
      at = start
      throw fault("an unexpected character")
    }
    return JSONCNode(value: value, range: start..<at)
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private mutating func text() throws(CmdopError) -> String {
    let start = at
    at += 1
    while let byte = next, byte != UInt8(ascii: "\"") {
      guard byte >= 0x20 else { throw fault("a control character in a text") }
      at += byte == UInt8(ascii: "\\") ? 2 : 1
    }
    guard next != nil else {
      at = start
      throw fault("a text does not end")
    }
    at += 1
    guard let text = (try? JSON(parsing: bytes[start..<at]))?.string else {
      at = start
      throw fault("an unknown escape in a text")
    }
    return text
  }

  private func checkDepth(_ depth: Int) throws(CmdopError) {
    if depth > JSON.deepest { throw fault("it is nested deeper than \(JSON.deepest) levels") }
  }

  private mutating func object(depth: Int) throws(CmdopError) -> JSONCNode {
    try checkDepth(depth)
    let start = at
    at += 1
    var node = JSONCNode(value: .null, range: start..<at)
    var values: [String: JSON] = [:]
    commentEnd = at
    var end = at
    while true {
      try skip()
      end = max(end, commentEnd)
      if next == UInt8(ascii: "}") { break }
      if let last = node.members.indices.last, node.members[last].comma == nil { throw fault("a comma is missing") }
      let nameStart = at
      guard next == UInt8(ascii: "\"") else { throw fault("a name is missing") }
      let name = try text()
      try skip()
      guard next == UInt8(ascii: ":") else { throw fault("a colon is missing") }
      at += 1
      try skip()
      let value = try value(depth: depth)
      values[name] = value.value
      node.members.append(.init(name: name, range: nameStart..<at, node: value))
      end = at
      try skip()
      end = max(end, commentEnd)
      if next == UInt8(ascii: ",") {
        node.members[node.members.count - 1].comma = at
        at += 1
        end = at
      }
    }
    if let comma = node.members.last?.comma { note("a trailing comma", comma) }
    at += 1
    (node.value, node.range, node.contentEnd) = (.object(values), start..<at, end)
    return node
  }

  private mutating func array(depth: Int) throws(CmdopError) -> JSONCNode {
    try checkDepth(depth)
    let start = at
    var (items, comma, isOpen): ([JSON], Int, Bool) = ([], 0, true)
    at += 1
    while true {
      try skip()
      if next == UInt8(ascii: "]") { break }
      guard isOpen else { throw fault("a comma is missing") }
      items.append(try value(depth: depth).value)
      try skip()
      isOpen = next == UInt8(ascii: ",")
      if isOpen { (comma, at) = (at, at + 1) }
    }
    if isOpen && !items.isEmpty { note("a trailing comma", comma) }
    at += 1
    return JSONCNode(value: .array(items), range: start..<at)
  }
}
