/// JSON for people to read: members one below the other, short lists on one line.
public struct JSONPrinter: Sendable {
  /// Names that come first, in this order; the others follow as the alphabet has them.
  public var order: [String]
  public var unit: String
  public var newline: String
  /// All on one line.
  public var isInline = false

  public init(order: [String] = [], unit: String = "  ", newline: String = "\n") {
    (self.order, self.unit, self.newline) = (order, unit, newline)
  }

  /// `indent`: of the line on which it begins.
  public func text(_ value: JSON, at indent: String = "") -> String {
    let inner = indent + unit
    let gap = isInline ? "" : newline + inner
    let end = isInline ? "" : newline + indent
    let comma = isInline ? ", " : "," + gap
    switch value {
    case .object(let members) where !members.isEmpty:
      let lines = members.keys.sorted(by: precedes).map {
        JSON.string($0).text + ": " + text(members[$0] ?? .null, at: inner)
      }
      return "{" + gap + lines.joined(separator: comma) + end + "}"
    case .array(let items) where !items.isEmpty:
      let isShort = items.allSatisfy { $0.object == nil && $0.array == nil }
      if isShort { return "[" + items.map(\.text).joined(separator: ", ") + "]" }
      return "[" + gap + items.map { text($0, at: inner) }.joined(separator: comma) + end + "]"
    default: return value.text
    }
  }

  private func precedes(_ one: String, _ other: String) -> Bool {
    let (first, second) = (order.firstIndex(of: one) ?? .max, order.firstIndex(of: other) ?? .max)
    return first == second ? one < other : first < second
  }
}
