import Core

/// Arguments that a server wants repeated as HTTP headers (`x-mcp-header`, MCP 2026-07-28), for whoever routes by them.
struct ParameterHeaders: Hashable, Sendable {
  typealias Filled = (name: String, value: String)
  private struct Mark: Hashable {
    let path: [String]
    let name: String
  }
  private let marks: [Mark]

  /// Throws what is wrong with the marks: a server that has wrong ones must not be called that way.
  init(of schema: JSON) throws(Unusable) {
    var marks: [Mark] = []
    try Self.look(schema, [], &marks)
    let names = marks.map { $0.name.lowercased() }
    guard Set(names).count == names.count else { throw Unusable("two of its arguments want the same HTTP header") }
    self.marks = marks
  }

  private static func look(_ schema: JSON, _ path: [String], _ marks: inout [Mark]) throws(Unusable) {
    guard path.count < 8 else { return }
    for (name, property) in (schema["properties"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
      if let wish = property["x-mcp-header"] {
        let isSimple = ["string", "integer", "boolean", "number"].contains(property["type"]?.string ?? "")
        guard let header = wish.string, isSimple, isToken(header), header.utf8.count <= 100, marks.count < 32 else {
          throw Unusable("an argument of it wants an HTTP header that cannot be")
        }
        marks.append(Mark(path: path + [name], name: header))
      }
      try look(property, path + [name], &marks)
    }
  }

  /// RFC 9110: what a header's name may consist of.
  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
          || "!#$%&'*+-.^_`|~".utf8.contains($0)
      }
  }

  func filled(_ arguments: JSON) -> [Filled] {
    marks.compactMap { mark in
      var value: JSON? = arguments
      for name in mark.path { value = value?[name] }
      let text: String? =
        switch value {
        case .string(let text)?: text
        case .bool(let flag)?: flag ? "true" : "false"
        case .integer(let number)?: "\(number)"
        case .number(let number)?: "\(number)"
        default: nil
        }
      return text.map { ("mcp-param-\(mark.name.lowercased())", HeaderText.of($0)) }
    }
  }
}
