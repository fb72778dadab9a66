import Core

/// The two cookies of ours. Scripts cannot read them, other sites' pages do not send them, and on https their names
/// promise that no other host and no plain connection has set them.
struct Cookies: Sendable {
  /// Whether browsers reach us over https; else only over loopback, where `__Host-` and `Secure` would be refused.
  let isSecure: Bool
  private let given: [String: String]

  init(_ ask: HTTPAsk, isSecure: Bool) {
    self.isSecure = isSecure
    var given: [String: String] = [:]
    for header in ask.headers where header.name == "cookie" {
      for pair in header.value.split(separator: ";") {
        let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { continue }
        let name = String(parts[0].drop { $0 == " " })
        if given[name] == nil { given[name] = String(parts[1]) }
      }
    }
    self.given = given
  }

  /// Who is signed in.
  var visit: String? { given[visitName].flatMap { (1...256).contains($0.utf8.count) ? $0 : nil } }
  /// For forms of those who are not signed in yet: goes with the same value in a hidden field.
  var form: String? { given[formName].flatMap { Self.isFormSecret($0) ? $0 : nil } }

  func setVisit(_ value: String) -> Header { header(visitName, value) }
  func setForm(_ value: String) -> Header { header(formName, value) }
  var dropVisit: Header { header(visitName, "", "; Max-Age=0") }
  var dropForm: Header { header(formName, "", "; Max-Age=0") }

  private var visitName: String { isSecure ? "__Host-cmdop" : "cmdop" }
  private var formName: String { isSecure ? "__Host-cmdop-form" : "cmdop-form" }

  /// 256 bits as base64: it is sent back, so nothing but what we could have made is taken.
  private static func isFormSecret(_ text: String) -> Bool {
    text.utf8.count == 43 && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
  }

  private func header(_ name: String, _ value: String, _ more: String = "") -> Header {
    ("set-cookie", "\(name)=\(value); Path=/; HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")\(more)")
  }
}

typealias Header = (name: String, value: String)

/// Compares secrets in a time that does not tell how much of a guess is right.
func isSame(_ secret: String?, _ guess: String?) -> Bool {
  guard let secret, let guess, !secret.isEmpty else { return false }
  let (one, other) = (Array(secret.utf8), Array(guess.utf8))
  var difference = one.count ^ other.count
  for index in 0..<min(one.count, other.count) { difference |= Int(one[index] ^ other[index]) }
  return difference == 0
}
