import Core
import FoundationEssentials

/// An answer for programs.
enum JSON: Encodable, Sendable, ExpressibleByStringLiteral {
  case text(String)
  case number(Int64)
  case flag(Bool)
  case list([JSON])
  case object([String: JSON])
  case null

  init(stringLiteral text: String) { self = .text(text) }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .flag(let flag): try container.encode(flag)
    case .list(let list): try container.encode(list)
    case .object(let object): try container.encode(object)
    case .null: try container.encodeNil()
    }
  }

  static func answer(_ status: Int = 200, _ object: [String: JSON], _ headers: [Header] = []) -> HTTPAnswer {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let body = (try? encoder.encode(JSON.object(object))).map { Array($0) } ?? []
    return HTTPAnswer(
      status: status, headers: [("content-type", "application/json")] + headers, body: body + [UInt8(ascii: "\n")])
  }
}

/// Bytes as base64 for addresses and JSON Web Keys (RFC 7515, section 2).
func base64url(_ bytes: [UInt8]) -> String {
  let text = Data(bytes).base64EncodedString()
  return String(text.compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
}
