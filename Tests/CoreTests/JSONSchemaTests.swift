import Testing

@testable import Core

@Suite("Schemas: what does not fit is said so that it can be mended, and no check takes long")
struct JSONSchemaTests {
  private static func faults(_ schema: JSON, _ value: JSON) -> [String] { JSONSchema(schema).faults(of: value) }

  @Test("Each fault names its place and what would be right")
  func faults() {
    let schema: JSON = [
      "type": "object", "required": ["a", "b"], "additionalProperties": false,
      "properties": [
        "a": ["type": "integer", "minimum": 3], "b": ["type": "array", "items": ["enum": ["x", "y"]]],
        "c": ["type": "string", "maxLength": 2], "d": ["const": 1],
        "e": ["anyOf": [["required": ["p"]], ["required": ["q", "r"]]]], "f": ["oneOf": [["type": "null"], false]],
      ],
    ]
    let value: JSON = ["a": 1, "b": ["x", "z"], "c": "äöü", "d": 2, "e": [:], "f": 1, "g": 1]
    #expect(
      Self.faults(schema, value) == [
        "a: must be at least 3, is 1", "b[1]: must be one of \"x\", \"y\"", "c: must be at most 2 characters, is 3",
        "d: must be 1", "e: needs p, or q and r", "f: fits none of its forms",
        "g: is unknown; known are a, b, c, d, e, f",
      ])
    #expect(Self.faults(schema, [:]) == ["a: is missing", "b: is missing"])
    #expect(Self.faults(schema, 1) == ["the arguments: must be object, is number"])
    #expect(Self.faults(schema, ["a": 3, "b": [], "e": ["p": 1], "f": nil]) == [])
    // Both forms are tried inside of forms, too.
    let inner: JSON = ["anyOf": [["anyOf": [["const": 1], ["const": 2]]], ["const": 3]]]
    #expect([1, 2, 3, 4].map { Self.faults(inner, .integer($0)).isEmpty } == [true, true, true, false])
    let many = JSON.array(Array(repeating: 0, count: 1000))
    #expect(Self.faults(["items": ["const": 1]], many).count == 20)
    let long: JSON = ["items": ["enum": [.string(String(repeating: "x", count: 60_000)), 1]]]
    #expect(Self.faults(long, [2]).map(\.count) == [1000])
  }

  /// Schemas of less than 64 KiB, and values that are no larger or many times the same.
  private static let costly: [(schema: JSON, value: JSON)] = {
    let forms = JSON.array(Array(repeating: ["const": 1], count: 5000) + [[:]])
    let (zeros, word) = (JSON.array(Array(repeating: 0, count: 30_000)), String(repeating: "ä", count: 30_000))
    let members = JSON.object(Dictionary(uniqueKeysWithValues: (0..<6000).map { ("k\($0)", 0) }))
    return [
      (["properties": ["a": ["items": ["anyOf": forms]]]], ["a": zeros]),
      (["items": ["anyOf": [["enum": .array((1...12_000).map { .integer($0) })], [:]]]], zeros),
      (["items": ["anyOf": [["const": zeros], [:]]]], .array(Array(repeating: zeros, count: 200))),
      (
        ["items": ["anyOf": .array(Array(repeating: ["maxLength": 1], count: 3000))]],
        .array(Array(repeating: .string(word), count: 50))
      ),
      (["anyOf": .array(Array(repeating: ["additionalProperties": ["type": "null"]], count: 1500))], members),
      (
        ["items": ["anyOf": [["required": .array((0..<6000).map { .string("k\($0)") })], [:]]]],
        .array(Array(repeating: members, count: 300))
      ),
    ]
  }()

  @Test("What would cost the product of schema and value is given up, and does not fit", arguments: 0..<6)
  func costly(_ index: Int) {
    let (schema, value) = Self.costly[index]
    let begin = ContinuousClock.now
    #expect(JSONSchema(schema).verdict(on: value) == .tooCostly)
    #expect(ContinuousClock.now - begin < .seconds(30))
  }

  @Test("Whoever is cancelled checks no further")
  func cancelled() async {
    let (schema, value) = Self.costly[0]
    #expect(JSONSchema(schema).faults(of: value) == ["the arguments: too costly to check against their schema"])
    await withTaskGroup(of: Duration.self) { group in
      group.cancelAll()
      group.addTask {
        let begin = ContinuousClock.now
        #expect(JSONSchema(schema).verdict(on: value) == .tooCostly)
        return ContinuousClock.now - begin
      }
      for await time in group { #expect(time < .seconds(1)) }
    }
  }
}
