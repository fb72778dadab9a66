import Core

/// The fields of a form or of a query: `application/x-www-form-urlencoded`, read strictly. What a lenient reader would
/// guess at – half an escape, bytes that are no UTF-8, a name given twice – is refused, so that nobody downstream reads
/// it otherwise.
struct FormFields: Sendable {
  private let values: [String: String]

  subscript(_ name: String) -> String? { values[name] }

  /// A form's body. Passwords, codes and tokens need a few hundred bytes.
  static let longestBody = 16 * 1024
  static let mostFields = 32

  /// The body of `ask`, which must be a form.
  init(_ ask: HTTPAsk) throws(CmdopError) {
    guard ask.contentType == "application/x-www-form-urlencoded" else {
      throw CmdopError(.badUsage, "the body must be application/x-www-form-urlencoded")
    }
    try self.init(encoded: ask.body)
  }

  init(query: String) throws(CmdopError) { try self.init(encoded: Array(query.utf8)) }

  init(encoded bytes: [UInt8]) throws(CmdopError) {
    guard bytes.count <= Self.longestBody else {
      throw CmdopError(.badUsage, "a form has at most \(Self.longestBody / 1024) KiB")
    }
    let pairs = bytes.split(separator: UInt8(ascii: "&"))
    guard pairs.count <= Self.mostFields else {
      throw CmdopError(.badUsage, "a form has at most \(Self.mostFields) fields")
    }
    var values: [String: String] = [:]
    for pair in pairs {
      let cut = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let name = try Self.decode(pair[..<cut])
      let value = try Self.decode(pair[cut...].dropFirst())
      if values.updateValue(value, forKey: name) != nil {
        throw CmdopError(.badUsage, "a field of the form was given twice")
      }
    }
    self.values = values
  }

  private static func decode(_ bytes: ArraySlice<UInt8>) throws(CmdopError) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = bytes
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        guard let high = nibble(rest.popFirst()), let low = nibble(rest.popFirst()) else {
          throw CmdopError(.badUsage, "a percent sign in the form is not followed by two hexadecimal digits")
        }
        decoded.append(high << 4 | low)
      default: decoded.append(byte)
      }
    }
    guard let text = String(validating: decoded, as: UTF8.self), !decoded.contains(0) else {
      throw CmdopError(.badUsage, "the form is not UTF-8 text")
    }
    return text
  }

  private static func nibble(_ byte: UInt8?) -> UInt8? {
    switch byte {
    case .some(let byte) where (0x30...0x39).contains(byte): byte - 0x30
    case .some(let byte) where (0x41...0x46).contains(byte): byte - 0x41 + 10
    case .some(let byte) where (0x61...0x66).contains(byte): byte - 0x61 + 10
    default: nil
    }
  }
}

extension HTTPAsk {
  /// The media type without its parameters, lower case; empty when none is named.
  var contentType: String {
    let type = header("content-type")?.prefix { $0 != ";" && $0 != " " } ?? ""
    return type.lowercased()
  }
}
