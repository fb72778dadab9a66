/// The part of JSON Schema (2020-12) that tool definitions use, and nothing else: type, properties, required,
/// additionalProperties, items, enum, const, minimum, maximum, minLength, maxLength, minItems, maxItems, anyOf, oneOf. Other
/// keywords say nothing here; a schema from elsewhere is thereby never stricter than its author meant.
public struct JSONSchema: Hashable, Sendable {
  public let json: JSON

  public init(_ json: JSON) { self.json = json }

  public enum Verdict: Hashable, Sendable {
    case fits
    /// At most 20, each as one line that says how to mend it.
    case faults([String])
    /// Given up after `mostSteps`, or because the task was cancelled: nobody knows whether it fits.
    case tooCostly
  }

  /// What a check may cost: a step is one value held against one schema, or one comparison with a small constant; large ones
  /// count by their size. About a second. A value of 64 KiB has at most 32,000 parts, and honest schemas a few forms for each.
  public static let mostSteps = 1_000_000

  public func verdict(on value: JSON) -> Verdict {
    var check = SchemaCheck(mostSteps: Self.mostSteps)
    check.hold(value, against: json)
    if check.isGivenUp { return .tooCostly }
    return check.faults.isEmpty ? .fits : .faults(check.faults)
  }

  /// Everything that is wrong with `value`, each as one line that says how to mend it: "timeout_ms: must be at most 600000,
  /// is 700000". Empty when it fits. At most 20; what is too costly to check does not fit.
  public func faults(of value: JSON) -> [String] {
    switch verdict(on: value) {
    case .fits: []
    case .faults(let faults): faults
    case .tooCostly: ["the arguments: too costly to check against their schema"]
    }
  }
}
