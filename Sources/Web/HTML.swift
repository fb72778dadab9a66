import Core

/// A piece of a page. What is interpolated into it is escaped; only other pieces go in as they are, so text from
/// outside cannot become markup by being forgotten.
struct HTML: ExpressibleByStringInterpolation, Sendable {
  let text: String

  init(stringLiteral text: String) { self.text = text }
  init(stringInterpolation pieces: StringInterpolation) { text = pieces.text }

  /// `text` for where markup is read: between tags, and between the double quotes of an attribute.
  static func escape(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ text: String) { self.text += HTML.escape(text) }
    mutating func appendInterpolation(_ piece: HTML) { text += piece.text }
    mutating func appendInterpolation(_ pieces: [HTML]) { for piece in pieces { text += piece.text } }
    /// Nothing if there is nothing.
    mutating func appendInterpolation(_ piece: HTML?) { text += piece?.text ?? "" }
    /// What strangers wrote: one short line, kept from turning the direction of what stands around it.
    mutating func appendInterpolation(theirs text: String) {
      self.text += "<bdi>\(HTML.escape(Self.short(text)))</bdi>"
    }
    /// The same where no element may stand, as in an option.
    mutating func appendInterpolation(plainTheirs text: String) { self.text += HTML.escape(Self.short(text)) }

    /// Counted in scalars: one character can be made of thousands.
    private static func short(_ text: String) -> String {
      let line = OneLine.of(text).unicodeScalars
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if words.isEmpty { return "(nothing)" }
      let clean = words.map { String($0) }.joined(separator: " ")
      guard clean.unicodeScalars.count > longest else { return clean }
      return String(String.UnicodeScalarView(clean.unicodeScalars.prefix(longest - 1))) + "…"
    }

    /// What a phone shows in about three lines.
    private static let longest = 100
  }
}
