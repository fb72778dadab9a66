extension JSONCText {
  /// The document with `value` at the end of `path`; objects on the way are made. Where something stands there, it is replaced.
  /// `order`: which members of `value` come first. Throws `wrongState` where the way is blocked: by what is no object, or by a
  /// name that stands there twice.
  public func setting(_ path: [String], to value: JSON, order: [String] = []) throws(CmdopError) -> JSONCText {
    guard let root else {
      let text = JSONPrinter(order: order, unit: "  ", newline: newline).text(Self.wrapped(value, path[...]), at: "")
      return try checked(bytes + Self.pause(bytes, newline) + Array((text + newline).utf8), adding: value, at: path)
    }
    let (node, rest) = try walk(path, from: root)
    var style = JSONPrinter(order: order, unit: indentUnit, newline: newline)
    if rest.isEmpty {
      style.isInline = !node.members.isEmpty && !isBroken(node.range)
      let text = style.text(value, at: indentation(at: node.range.lowerBound))
      return try checked(replacing([(node.range, text)]), adding: value, at: path)
    }
    guard node.isObject else { throw blocked(path.dropLast(rest.count), node) }
    // One line stays one line, unless there is nothing to take after.
    style.isInline = !node.members.isEmpty && !isBroken(node.range)
    let indent = indentation(of: node)
    let member =
      JSON.string(rest[rest.startIndex]).text + ": " + style.text(Self.wrapped(value, rest.dropFirst()), at: indent)
    let last = node.members.last
    var changes: [(Range<Int>, String)] = []
    if let last, last.comma == nil { changes.append((last.range.upperBound..<last.range.upperBound, ",")) }
    var text = style.isInline ? " " + member : newline + indent + member
    // Who ends the last line with a comma wants one there.
    if last?.comma != nil { text += "," }
    var place = node.contentEnd..<node.contentEnd
    if !style.isInline, !isBroken(node.contentEnd..<node.range.upperBound) {
      text += newline + indentation(at: node.range.lowerBound)
      place = node.contentEnd..<node.range.upperBound - 1
    }
    changes.append((place, text))
    return try checked(replacing(changes), adding: value, at: path)
  }

  /// The document without what is at the end of `path`; as it is, if there is nothing. Comments stay.
  public func removing(_ path: [String]) throws(CmdopError) -> JSONCText {
    guard let name = path.last, let root, self[path] != nil else { return self }
    let (node, rest) = try walk(Array(path.dropLast()), from: root)
    guard rest.isEmpty, let index = try index(of: name, in: node) else { return self }
    let member = node.members[index]
    var changes: [(Range<Int>, String)] = []
    // Its comma, or where there is none the one before, which would be left hanging.
    if member.comma == nil, index > 0, let comma = node.members[index - 1].comma {
      changes.append((comma..<comma + 1, ""))
    }
    let end = member.comma.map { $0 + 1 } ?? member.range.upperBound
    // A comment between the value and its comma stays. A line of its own goes together with the end of the line before, not
    // with its own: a comment may stand there.
    if let comma = member.comma, bytes[member.range.upperBound..<comma].contains(UInt8(ascii: "/")) {
      changes += [(member.range, ""), (comma..<end, "")]
    } else if endsLine(end) {
      changes.append((blanksBefore(member.range.lowerBound, andLine: true)..<end, ""))
    } else if member.comma == nil {
      changes.append((blanksBefore(member.range.lowerBound, andLine: false)..<end, ""))
    } else {
      changes.append((member.range.lowerBound..<end + bytes[end...].prefix { $0 == 0x20 || $0 == 0x09 }.count, ""))
    }
    if node.members.count == 1, !hasComment(node, besides: member) {
      changes = [(node.range.lowerBound + 1..<node.range.upperBound - 1, "")]
    }
    return try checked(replacing(changes), removing: path)
  }

  // MARK: the way

  /// As far as the path leads: the value there, and the names for which there is nothing.
  private func walk(_ path: [String], from root: JSONCNode) throws(CmdopError) -> (JSONCNode, ArraySlice<String>) {
    var node = root
    for (depth, name) in path.enumerated() {
      guard node.isObject else { throw blocked(path[..<depth], node) }
      guard let index = try index(of: name, in: node) else { return (node, path[depth...]) }
      node = node.members[index].node
    }
    return (node, [])
  }

  private func index(of name: String, in node: JSONCNode) throws(CmdopError) -> Int? {
    let found = node.members.indices.filter { node.members[$0].name == name }
    guard found.count < 2 else {
      let place = Self.place(of: node.members[found[1]].range.lowerBound, in: bytes)
      throw CmdopError(.wrongState, "\"\(OneLine.of(name))\" stands there twice (\(place))")
    }
    return found.first
  }

  private func blocked(_ path: ArraySlice<String>, _ node: JSONCNode) -> CmdopError {
    let name = path.last.map { "\"\(OneLine.of($0))\"" } ?? "the document"
    return CmdopError(.wrongState, "\(name) is no object (\(Self.place(of: node.range.lowerBound, in: bytes)))")
  }

  private static func wrapped(_ value: JSON, _ names: ArraySlice<String>) -> JSON {
    names.reversed().reduce(value) { .object([$1: $0]) }
  }

  // MARK: the form

  private var newline: String {
    guard let first = bytes.firstIndex(of: 0x0a) else { return "\n" }
    return first > 0 && bytes[first - 1] == 0x0d ? "\r\n" : "\n"
  }

  /// What one level is indented by: as the first member is, two blanks where nobody can tell.
  private var indentUnit: String {
    guard let root, let first = root.members.first, let own = lineStart(of: first.range.lowerBound) else { return "  " }
    let outer = indentation(at: root.range.lowerBound)
    return own.hasPrefix(outer) && own.count > outer.count ? String(own.dropFirst(outer.count)) : "  "
  }

  /// Of a new member: as its brothers have it.
  private func indentation(of node: JSONCNode) -> String {
    let brothers = node.members.reversed().compactMap { lineStart(of: $0.range.lowerBound) }
    return brothers.first ?? indentation(at: node.range.lowerBound) + indentUnit
  }

  /// The blanks with which the line of `offset` begins.
  private func indentation(at offset: Int) -> String {
    let start = bytes[..<offset].lastIndex { $0 == 0x0a }.map { $0 + 1 } ?? 0
    return String(decoding: bytes[start..<offset].prefix { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self)
  }

  /// The blanks before `offset`, if there is nothing else before it on its line.
  private func lineStart(of offset: Int) -> String? {
    guard let start = bytes[..<offset].lastIndex(of: 0x0a) else { return nil }
    let blanks = bytes[start + 1..<offset]
    return blanks.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? String(decoding: blanks, as: UTF8.self) : nil
  }

  private func isBroken(_ range: Range<Int>) -> Bool { bytes[range].contains(0x0a) }

  /// Whether only blanks follow on the line.
  private func endsLine(_ offset: Int) -> Bool {
    let rest = bytes[offset...].drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }
    return rest.first == 0x0a
  }

  /// Where the blanks begin that stand before `offset`, with the end of the line before if nothing else does.
  private func blanksBefore(_ offset: Int, andLine: Bool) -> Int {
    var start = offset
    while start > 0, bytes[start - 1] == 0x20 || bytes[start - 1] == 0x09 { start -= 1 }
    guard andLine, start > 0, bytes[start - 1] == 0x0a else { return start }
    return start - (start > 1 && bytes[start - 2] == 0x0d ? 2 : 1)
  }

  private func hasComment(_ node: JSONCNode, besides member: JSONCNode.Member) -> Bool {
    let outer = bytes[node.range.lowerBound + 1..<member.range.lowerBound]
    let behind = bytes[member.range.upperBound..<node.range.upperBound - 1]
    return outer.contains(UInt8(ascii: "/")) || behind.contains(UInt8(ascii: "/"))
  }

  /// Between comments and the first value.
  private static func pause(_ bytes: [UInt8], _ newline: String) -> [UInt8] {
    guard let last = bytes.last, last != 0x0a, bytes != [0xef, 0xbb, 0xbf] else { return [] }
    return Array(newline.utf8)
  }

  // MARK: the change

  private func replacing(_ changes: [(range: Range<Int>, text: String)]) -> [UInt8] {
    var result: [UInt8] = []
    var at = 0
    for (range, text) in changes {
      result += bytes[at..<range.lowerBound]
      result += text.utf8
      at = range.upperBound
    }
    return result + bytes[at...]
  }

  private func checked(_ new: [UInt8], adding added: JSON, at path: [String]) throws(CmdopError) -> JSONCText {
    try checked(new, path) { Self.with($0, path[...], added) }
  }

  private func checked(_ new: [UInt8], removing path: [String]) throws(CmdopError) -> JSONCText {
    try checked(new, path) { Self.with($0, path[...], nil) }
  }

  /// The new text says what the old one did, but for the change; and is plain JSON if the old one was.
  private func checked(_ new: [UInt8], _ path: [String], _ change: (JSON) -> JSON) throws(CmdopError) -> JSONCText {
    guard let text = try? JSONCText(new), text.value == change(value), beyondJSON != nil || text.beyondJSON == nil
    else {
      throw CmdopError(.internalError, "\(OneLine.of(path.joined(separator: "."))) cannot be changed in this document")
    }
    return text
  }

  private static func with(_ old: JSON, _ path: ArraySlice<String>, _ new: JSON?) -> JSON {
    guard let name = path.first, var members = old.object else { return old }
    if path.count == 1 {
      members[name] = new
    } else if new != nil || members[name] != nil {
      members[name] = with(members[name] ?? .object([:]), path.dropFirst(), new)
    }
    return .object(members)
  }
}
