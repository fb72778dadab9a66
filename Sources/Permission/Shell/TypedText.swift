/// What an interactive shell makes of a text beside what a script would: history, completion, keys.
enum TypedText {
  /// Why it cannot be said what a typed text does; nil: it is what it looks like. `isWhole`: Enter follows.
  static func fault(_ text: String, isWhole: Bool) -> String? {
    if !isWhole { return "it is a piece of a line: what stands before it is not known" }
    for scalar in text.unicodeScalars where scalar != "\n" && scalar != "\r" {
      if scalar.value < 32 || (127..<160).contains(scalar.value) { return "a key that an interactive shell acts upon" }
    }
    let lines = text.unicodeScalars.split { $0 == "\n" || $0 == "\r" }
    if lines.contains(where: { $0.drop { $0 == " " }.first == "^" }) { return "a ^ that changes the line before" }
    guard text.unicodeScalars.contains("!") else { return nil }
    // Quotes keep the history out, where it is plain which are open.
    let isPlain = lines.count == 1 && !["#", "$'", "`", "<<", "\\"].contains { text.contains($0) }
    var quote: Character?
    for character in text {
      if character == "!", quote != "'" || !isPlain { return "a ! that brings back a line of the history" }
      if quote == character {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
      }
    }
    return nil
  }
}
