import Core

/// A word of somebody's in a line that is to be pasted into a shell.
enum ShellWord {
  static func quoted(_ word: String) -> String {
    let word = OneLine.of(word)
    let isPlain = word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-._/:@%+=,".contains($0)) }
    return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }
}
