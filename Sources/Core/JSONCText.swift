/// A JSON document as people keep it: in an order and a form that are theirs, perhaps with comments and trailing commas (JSONC).
/// A change is made in its text, so that everything else stays as it is, byte for byte; then the text is read again, and must
/// say the same as before but for the change.
public struct JSONCText: Hashable, Sendable {
  public let bytes: [UInt8]
  /// What it says. A document of blanks and comments says `{}`.
  public let value: JSON
  /// What plain JSON does not have and this document does, with its place: "a comment (line 3, column 5)". nil: it is plain.
  public let beyondJSON: String?
  /// nil: blanks and comments only.
  let root: JSONCNode?

  /// Throws `badUsage` with line and column for what is no JSON even so.
  public init(_ bytes: [UInt8]) throws(CmdopError) {
    self.bytes = bytes
    var reader = JSONCReader(bytes)
    root = try reader.document()
    value = root?.value ?? .object([:])
    beyondJSON = reader.beyond.map { "\($0.what) (\(Self.place(of: $0.offset, in: bytes)))" }
  }

  /// "line 3, column 5", both counted from 1; a column is a character.
  static func place(of offset: Int, in bytes: [UInt8]) -> String {
    let before = bytes[..<min(offset, bytes.count)]
    let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
    let line = before.count { $0 == 0x0a } + 1
    return "line \(line), column \(String(decoding: before[start...], as: UTF8.self).count + 1)"
  }

  /// The value behind that path of names, nil for none.
  public subscript(path: [String]) -> JSON? {
    var found = value
    for name in path {
      guard let next = found[name] else { return nil }
      found = next
    }
    return found
  }
}

/// A value of the document, and where it stands.
struct JSONCNode: Hashable, Sendable {
  struct Member: Hashable, Sendable {
    let name: String
    /// From the name's quote to the end of the value.
    let range: Range<Int>
    let node: JSONCNode
    /// Where the comma behind it is.
    var comma: Int?
  }

  var value: JSON
  var range: Range<Int>
  /// In the document's order; empty in what is no object.
  var members: [Member] = []
  /// Behind the last thing in an object that is no blank: a member, a comma, a comment, or its brace.
  var contentEnd = 0

  var isObject: Bool { value.object != nil }
}
