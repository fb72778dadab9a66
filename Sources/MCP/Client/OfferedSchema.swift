import Core

/// Why a tool is left out.
struct Unusable: Error, Hashable {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}

/// A schema from elsewhere, as far as it can be shown to models: they – their services – refuse a whole conversation for one
/// schema that is none. What is only odd is taken out, and makes the schema less strict; the server checks its arguments
/// itself.
enum OfferedSchema {
  /// Bytes of one schema: a larger one costs more of the model's window than its tool is worth.
  static let largest = 64 * 1024

  /// Throws why the tool cannot be offered.
  static func input(_ given: JSON?) throws(Unusable) -> JSON {
    guard let given, case .object(var members) = given else { throw Unusable("its arguments have no schema") }
    if let type = members["type"], type != "object" { throw Unusable("its arguments are no object") }
    guard given.bytes.count <= largest else {
      throw Unusable("the schema of its arguments has more than \(largest / 1024) KiB")
    }
    guard ServerMessage.depth(given) <= ServerMessage.deepestInside else {
      throw Unusable("the schema of its arguments is nested too deep")
    }
    // Not at the top: services take an object there and nothing else.
    for word in ["$schema", "$id", "anyOf", "oneOf", "allOf", "not", "if", "then", "else", "enum", "const"] {
      members[word] = nil
    }
    members["type"] = "object"
    if members["properties"] == nil { members["properties"] = [:] }
    for name in (members["properties"]?.object ?? [:]).keys where !isPlain(name) {
      throw Unusable("it has an argument whose name services refuse: \"\(OneLine.of(name.cut(80)))\"")
    }
    return try checked(.object(members))
  }

  /// nil: none that could be held against what the tool gives.
  static func output(_ given: JSON?) -> JSON? {
    guard let given, given.object != nil, given.bytes.count <= largest,
      ServerMessage.depth(given) <= ServerMessage.deepestInside
    else { return nil }
    return try? checked(given)
  }

  private static func isPlain(_ name: String) -> Bool {
    (1...64).contains(name.utf8.count)
      && name.utf8.allSatisfy { ToolName.isPlain($0) || (0x41...0x5a).contains($0) || $0 == 0x2e }
  }

  private static let types: Set<String> = ["string", "number", "integer", "boolean", "object", "array", "null"]

  private static func checked(_ schema: JSON) throws(Unusable) -> JSON {
    guard case .object(var members) = schema else {
      guard schema.bool != nil else { throw Unusable("a part of its schema is no schema") }
      return schema
    }
    for (word, value) in members {
      switch word {
      case "$ref", "$dynamicRef":
        guard let target = value.string, target.hasPrefix("#") else {
          throw Unusable("its schema refers to another place, and nothing is fetched")
        }
      case "type":
        let named = value.string.map { [$0] } ?? value.strings ?? []
        guard !named.isEmpty, Set(named).isSubset(of: types) else { throw Unusable("its schema has an unknown type") }
      case "properties", "$defs", "definitions", "patternProperties", "dependentSchemas":
        guard let parts = value.object else { throw Unusable("\"\(word)\" in its schema is no object") }
        var checkedParts: [String: JSON] = [:]
        for (name, part) in parts { checkedParts[name] = try checked(part) }
        members[word] = .object(checkedParts)
      case "anyOf", "oneOf", "allOf", "prefixItems":
        guard let parts = value.array, !parts.isEmpty else { members[word] = nil; continue }
        var checkedParts: [JSON] = []
        for part in parts { checkedParts.append(try checked(part)) }
        members[word] = .array(checkedParts)
      case "items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
        "unevaluatedProperties", "unevaluatedItems", "additionalItems":
        // Lists of items were older revisions' way.
        if value.array != nil { members[word] = nil } else { members[word] = try checked(value) }
      case "required": if value.strings.map({ Set($0).count == $0.count }) != true { members[word] = nil }
      case "enum": if value.array?.isEmpty != false { members[word] = nil }
      case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf":
        if value.number == nil { members[word] = nil }
      case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
        if (value.integer ?? -1) < 0 { members[word] = nil }
      case "pattern", "format", "description", "title", "$comment":
        if value.string == nil { members[word] = nil }
      default: break
      }
    }
    return .object(members)
  }
}
