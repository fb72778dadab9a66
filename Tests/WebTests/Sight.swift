import Core
import FoundationEssentials

/// An answer, as those look at it who get it.
struct Sight {
  let status: Int
  let text: String
  private let headers: [(name: String, value: String)]

  init(_ answer: HTTPAnswer) {
    (status, headers) = (answer.status, answer.headers)
    text = String(decoding: answer.body, as: UTF8.self)
  }

  func header(_ name: String) -> String? { all(name).first }
  func all(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }

  var title: String {
    guard let start = text.firstRange(of: "<h1>"), let end = text.firstRange(of: "</h1>") else { return "" }
    return String(text[start.upperBound..<end.lowerBound])
  }

  /// The hidden fields of the first form that goes to `path`.
  func form(_ path: String) -> [String: String] {
    guard let start = text.firstRange(of: "action=\"\(path)\"") else { return [:] }
    let form = text[start.upperBound...]
    let end = form.firstRange(of: "</form>")?.lowerBound ?? form.endIndex
    let pairs = form[..<end].matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/)
    return Dictionary(pairs.map { (String($0.1), String($0.2)) }) { first, _ in first }
  }

  /// What programs read.
  var json: [String: JSONWord] {
    (try? JSONDecoder().decode([String: JSONWord].self, from: Data(text.utf8))) ?? [:]
  }
}

enum JSONWord: Decodable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral
{
  case text(String)
  case number(Int)
  case flag(Bool)
  case list([JSONWord])
  case object([String: JSONWord])
  case null

  init(stringLiteral text: String) { self = .text(text) }
  init(integerLiteral number: Int) { self = .number(number) }
  init(booleanLiteral flag: Bool) { self = .flag(flag) }

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? value.decode(Int.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONWord].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONWord].self))
    }
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  subscript(_ name: String) -> JSONWord? { if case .object(let object) = self { object[name] } else { nil } }
}
