/// One program, or builtin, with the words that it gets: what rules and floor look at.
struct Invocation: Sendable {
  var words: [Argument]
  /// The command word without its directory.
  var name: String
  /// It is named plainly, or by a directory where programs are: an allow rule for `git` means this one.
  var isPlain: Bool
  /// Why an allow rule for it does not mean this: an option that runs another program, a variable that changes what it does.
  var concerns: [String] = []
  /// What is not known of it and may be what the floor forbids.
  var hidden: String?
  /// What it touches beside what every word may name.
  var uses: [PathUse] = []
  /// Programs that it runs: where in `words` they begin (nil: not as words), and which invocation they are.
  var runs: [(word: Int?, invocation: Int)] = []
  /// Absolute paths that what runs before it on this line may have made: links among them, or what is behind one.
  var made: [String] = []
  /// Directories in which it may run; nil: nobody knows.
  var directories: [String]?

  var text: String { words.map(\.display).joined(separator: " ") }

  /// Where systems keep their programs.
  static let standardFolders: Set<String> = [
    "/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin",
  ]

  init(_ words: [Argument], in directories: [String]?) {
    self.words = words
    self.directories = directories
    let word = words.first?.text ?? ""
    name = String(PathText.name(word))
    let folder = word.utf8.contains(0x2f) ? String(word.utf8.dropLast(name.utf8.count + 1)) ?? "" : nil
    isPlain = folder.map(Self.standardFolders.contains) ?? true
  }

  /// No rule allows it so.
  mutating func worry(_ reason: String) { if concerns.count < 8 { concerns.append(reason) } }

  /// No rule allows it so, and where everything is allowed it must be asked about: the floor, or a deny rule, may be behind it.
  mutating func hide(_ reason: String) {
    worry(reason)
    if hidden == nil { hidden = reason }
  }
}

/// A path that a command touches.
struct PathUse: Sendable, Hashable {
  enum Access: Sendable { case read, write }
  var word: Argument
  var access: Access
  /// With everything below it.
  var isRecursive = false
  /// By the shell, not by the program: a rule for the tool of that name must allow it.
  var isRedirection = false

  init(_ word: Argument, _ access: Access, isRecursive: Bool = false, isRedirection: Bool = false) {
    (self.word, self.access, self.isRecursive, self.isRedirection) = (word, access, isRecursive, isRedirection)
  }
}

/// The options of one invocation, read as getopt would: clusters, values, `--`.
struct OptionReader {
  /// One option, and the value that belongs to it if it takes one.
  struct Option {
    /// "-o", "--output".
    var name: String
    var value: Argument?
    /// Where it stands.
    var index: Int
  }
  var options: [Option] = []
  var operands: [(index: Int, word: Argument)] = []

  /// `short`, `long`: the single letters, and long names, that take a value; long names may be cut, and are given whole.
  /// `attached`: letters whose value is only what stands right behind them. `stopsAtOperand`: what follows the first operand
  /// belongs to it, as with wrappers.
  init(
    _ words: [Argument], short: Set<Character>, long: [String] = [], attached: Set<Character> = [],
    stopsAtOperand: Bool = false
  ) {
    func whole(_ name: String) -> String? {
      long.contains(name) ? name : name.utf8.count > 2 ? long.first { $0.hasPrefix(name) } : nil
    }
    var index = 1
    while index < words.count {
      let word = words[index]
      let text = word.text
      if text == "--" {
        for rest in (index + 1)..<max(index + 1, words.count) { operands.append((rest, words[rest])) }
        return
      }
      if text.hasPrefix("--") {
        if let equals = text.firstIndex(of: "=") {
          let name = String(text[..<equals])
          options.append(
            Option(name: whole(name) ?? name, value: word.part(text[text.index(after: equals)...]), index: index))
        } else if let name = whole(text), index + 1 < words.count {
          options.append(Option(name: name, value: words[index + 1], index: index))
          index += 1
        } else {
          options.append(Option(name: text, value: nil, index: index))
        }
      } else if text.hasPrefix("-"), text.utf8.count > 1 {
        var rest = text.dropFirst()
        while let letter = rest.popFirst() {
          guard short.contains(letter) else {
            options.append(Option(name: "-\(letter)", value: nil, index: index))
            continue
          }
          if !rest.isEmpty {
            options.append(Option(name: "-\(letter)", value: word.part(rest), index: index))
          } else if index + 1 < words.count, !attached.contains(letter) {
            options.append(Option(name: "-\(letter)", value: words[index + 1], index: index))
            index += 1
          } else {
            options.append(Option(name: "-\(letter)", value: nil, index: index))
          }
          break
        }
      } else {
        if stopsAtOperand {
          for rest in index..<words.count { operands.append((rest, words[rest])) }
          return
        }
        operands.append((index, word))
      }
      index += 1
    }
  }

  func has(_ names: String...) -> Bool { options.contains { names.contains($0.name) } }
}
