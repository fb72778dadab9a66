import Core
import FoundationEssentials

/// Since 2026-07-28 headers repeat what the body says, for those on the way who look at headers only. Both must say the same:
/// else somebody lets pass what he does not see.
enum HeaderMatch {
  /// Throws `headerMismatch`.
  static func check(_ ask: HTTPAsk, method: String, params: JSON) throws(RPCError) {
    try check(HeaderName.method, try only(HeaderName.method, ask), method)
    let key: String? =
      switch method {
      case "tools/call", "prompts/get": "name"
      case "resources/read": "uri"
      default: nil
      }
    guard let key else { return }
    // Whoever reads the body says what is wrong with a name that is none.
    let name = params[key]?.string
    let given = try decoded(try only(HeaderName.name, ask))
    if name == nil, given != nil { throw .headerMismatch("\(HeaderName.name) is given, and params.\(key) is not") }
    try check(HeaderName.name, given, name)
  }

  static func check(_ header: String, _ given: String?, _ said: String?) throws(RPCError) {
    guard let said, given != said else { return }
    guard let given else { throw .headerMismatch("the header \(header) is missing") }
    throw .headerMismatch("the header \(header) says \"\(short(given))\", and the body \"\(short(said))\"")
  }

  /// The value of a header that may stand there once.
  static func only(_ name: String, _ ask: HTTPAsk) throws(RPCError) -> String? {
    let values = ask.headers(named: name)
    if values.count > 1 { throw .headerMismatch("the header \(name) is there twice") }
    guard let value = values.first else { return nil }
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(value.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }

  /// `=?base64?…?=` is how a text comes that no header may have.
  private static func decoded(_ value: String?) throws(RPCError) -> String? {
    let (begin, end) = ("=?base64?", "?=")
    guard let value, value.hasPrefix(begin), value.hasSuffix(end), value.count >= begin.count + end.count else {
      return value
    }
    let text = Data(base64Encoded: String(value.dropFirst(begin.count).dropLast(end.count)))
    guard let text = text.flatMap({ String(validating: $0, as: UTF8.self) }) else {
      throw .headerMismatch("\(HeaderName.name) is not encoded as it says")
    }
    return text
  }

  private static func short(_ text: String) -> String { OneLine.of(String(text.prefix(100))) }
}
