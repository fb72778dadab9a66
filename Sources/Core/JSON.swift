/// A JSON value (RFC 8259): tool arguments, schemas, what models and MCP clients say.
///
/// Written with sorted keys and without blanks, so that equal values are equal bytes: models' caches and digests rely on it.
public enum JSON: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  /// Deeper nesting is refused: nobody writes it by hand, and parsers recurse.
  public static let deepest = 64

  /// Reads one value. Throws `badUsage` with the reason for what is no JSON, or is nested deeper than `deepest`: for who looks at
  /// what others have written before it goes on.
  public init(parsing bytes: some Sequence<UInt8>, deepest: Int = deepest) throws(CmdopError) {
    self = try JSONReader.value(of: Array(bytes), deepest: deepest)
  }

  public init(parsing text: String) throws(CmdopError) { try self.init(parsing: text.utf8) }

  /// Levels of what a model or a tool gives: it is kept inside other values, and all of it must be readable again.
  public static let deepestInside = 32

  /// Looks no further down than `levels`. A plain value has none, `[[]]` has two.
  public func isDeeper(than levels: Int) -> Bool {
    switch self {
    case .array(let items): levels < 1 || items.contains { $0.isDeeper(than: levels - 1) }
    case .object(let members): levels < 1 || members.values.contains { $0.isDeeper(than: levels - 1) }
    default: false
    }
  }
}

// MARK: looking inside

extension JSON {
  /// The member of that name; nil for none, and in what is no object.
  public subscript(name: String) -> JSON? {
    if case .object(let members) = self { members[name] } else { nil }
  }

  public var string: String? { if case .string(let text) = self { text } else { nil } }
  public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
  public var array: [JSON]? { if case .array(let items) = self { items } else { nil } }
  public var object: [String: JSON]? { if case .object(let members) = self { members } else { nil } }
  public var isNull: Bool { self == .null }

  /// A whole number, also one written as 3.0.
  public var integer: Int? {
    switch self {
    case .integer(let number): number
    case .number(let number): Int(exactly: number)
    default: nil
    }
  }

  public var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  /// All strings of an array of strings; nil if it is anything else.
  public var strings: [String]? {
    guard let array else { return nil }
    let strings = array.compactMap(\.string)
    return strings.count == array.count ? strings : nil
  }
}

extension JSON: Codable {
  public init(from decoder: any Decoder) throws {
    if let members = try? decoder.container(keyedBy: AnyKey.self) {
      var object: [String: JSON] = [:]
      for key in members.allKeys { object[key.stringValue] = try members.decode(JSON.self, forKey: key) }
      self = .object(object)
    } else if var items = try? decoder.unkeyedContainer() {
      var array: [JSON] = []
      while !items.isAtEnd { array.append(try items.decode(JSON.self)) }
      self = .array(array)
    } else {
      let value = try decoder.singleValueContainer()
      if value.decodeNil() {
        self = .null
      } else if let text = try? value.decode(String.self) {
        self = .string(text)
      } else if let flag = try? value.decode(Bool.self) {
        self = .bool(flag)
      } else if let number = try? value.decode(Int.self) {
        self = .integer(number)
      } else {
        self = .number(try value.decode(Double.self))
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .null: try value.encodeNil()
    case .bool(let flag): try value.encode(flag)
    case .integer(let number): try value.encode(number)
    case .number(let number): try value.encode(number)
    case .string(let text): try value.encode(text)
    case .array(let items): try value.encode(items)
    case .object(let members): try value.encode(members)
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

// MARK: writing it down in Swift

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral text: String) { self = .string(text) }
  public init(booleanLiteral flag: Bool) { self = .bool(flag) }
  public init(integerLiteral number: Int) { self = .integer(number) }
  public init(floatLiteral number: Double) { self = .number(number) }
  public init(nilLiteral: ()) { self = .null }
  public init(arrayLiteral items: JSON...) { self = .array(items) }
  public init(dictionaryLiteral members: (String, JSON)...) {
    self = .object(Dictionary(members) { _, last in last })
  }
}
