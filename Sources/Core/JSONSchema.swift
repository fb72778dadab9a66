/// The part of JSON Schema (2020-12) that tool definitions use, and nothing else: type, properties, required,
/// additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems, anyOf, oneOf. Other
/// keywords say nothing here; a schema from elsewhere is thereby never stricter than its author meant.
public struct JSONSchema: Hashable, Sendable {
  public let json: JSON

  public init(_ json: JSON) { self.json = json }

  /// Everything that is wrong with `value`, each as one line that says how to mend it: "timeout_ms: must be at most 600000,
  /// is 700000". Empty when it fits. At most 20.
  public func faults(of value: JSON) -> [String] {
    var faults: [String] = []
    Self.check(value, against: json, at: "", &faults, depth: 0)
    return Array(faults.prefix(20))
  }

  private static func check(_ value: JSON, against schema: JSON, at path: String, _ faults: inout [String], depth: Int)
  {
    guard depth < JSON.deepest, faults.count < 20 else { return }
    if schema == .bool(false) { return fault("is not allowed", path, &faults) }
    checkType(value, schema, path, &faults)
    if let allowed = schema["enum"]?.array, !allowed.contains(value) {
      fault("must be one of \(allowed.map(\.text).joined(separator: ", "))", path, &faults)
    }
    if let only = schema["const"], only != value { fault("must be \(only.text)", path, &faults) }
    for key in ["anyOf", "oneOf"] {
      guard let branches = schema[key]?.array, !branches.isEmpty else { continue }
      let fits = branches.contains { branch in
        var inner: [String] = []
        check(value, against: branch, at: path, &inner, depth: depth + 1)
        return inner.isEmpty
      }
      if !fits {
        let names = branches.compactMap { $0["required"]?.strings?.joined(separator: " and ") }
        fault(
          names.count == branches.count ? "needs \(names.joined(separator: ", or "))" : "fits none of its forms", path,
          &faults)
      }
    }
    checkSize(value, schema, path, &faults)
    if case .object(let members) = value { checkMembers(members, schema, path, &faults, depth) }
    if case .array(let items) = value, let each = schema["items"] {
      for (index, item) in items.enumerated() {
        check(item, against: each, at: "\(path)[\(index)]", &faults, depth: depth + 1)
      }
    }
  }

  private static func checkMembers(
    _ members: [String: JSON], _ schema: JSON, _ path: String, _ faults: inout [String], _ depth: Int
  ) {
    let known = schema["properties"]?.object ?? [:]
    let prefix = path.isEmpty ? "" : path + "."
    for name in schema["required"]?.strings ?? [] where members[name] == nil {
      fault("is missing", prefix + name, &faults)
    }
    for (name, member) in members.sorted(by: { $0.key < $1.key }) {
      if let schema = known[name] {
        check(member, against: schema, at: prefix + name, &faults, depth: depth + 1)
      } else if let rest = schema["additionalProperties"] {
        if rest == .bool(false) {
          let names = known.keys.sorted().joined(separator: ", ")
          fault("is unknown; known are \(names.isEmpty ? "none" : names)", prefix + name, &faults)
        } else {
          check(member, against: rest, at: prefix + name, &faults, depth: depth + 1)
        }
      }
    }
  }

  private static func checkType(_ value: JSON, _ schema: JSON, _ path: String, _ faults: inout [String]) {
    let types = schema["type"]?.string.map { [$0] } ?? schema["type"]?.strings ?? []
    guard !types.isEmpty, !types.contains(where: { isType(value, $0) }) else { return }
    fault("must be \(types.joined(separator: " or ")), is \(name(of: value))", path, &faults)
  }

  private static func isType(_ value: JSON, _ type: String) -> Bool {
    switch type {
    case "integer": value.integer != nil
    case "number": value.number != nil
    default: name(of: value) == type
    }
  }

  private static func name(of value: JSON) -> String {
    switch value {
    case .null: "null"
    case .bool: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  private static func checkSize(_ value: JSON, _ schema: JSON, _ path: String, _ faults: inout [String]) {
    func hold(_ size: Double, _ least: String, _ most: String, _ unit: String) {
      if let least = schema[least]?.number, size < least {
        fault("must be at least \(JSON.shortest(least))\(unit), is \(JSON.shortest(size))", path, &faults)
      }
      if let most = schema[most]?.number, size > most {
        fault("must be at most \(JSON.shortest(most))\(unit), is \(JSON.shortest(size))", path, &faults)
      }
    }
    switch value {
    case .integer, .number: hold(value.number ?? 0, "minimum", "maximum", "")
    case .string(let text): hold(Double(text.unicodeScalars.count), "minLength", "maxLength", " characters")
    case .array(let items): hold(Double(items.count), "minItems", "maxItems", " items")
    default: break
    }
  }

  private static func fault(_ what: String, _ path: String, _ faults: inout [String]) {
    faults.append(path.isEmpty ? "the arguments: \(what)" : "\(OneLine.of(path)): \(what)")
  }
}

extension JSON {
  fileprivate static func shortest(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}
