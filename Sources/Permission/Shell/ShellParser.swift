/// A parser of bash's grammar, as `bash --noprofile --norc -c` reads it: not to run anything, but to know what would run.
///
/// It is made to be wrong in one direction only. What it does not know, or knows to be read differently by different shells,
/// is a fault: the script is then said to be un-analysable, and no rule allows it. It stops at the first fault of syntax and
/// keeps what it has found until then, so that a deny rule and the floor still see that.
struct ShellParser {
  let text: [UInt8]
  /// Where the next byte is read; never beyond `end`.
  var position = 0
  /// Behind the last byte. `text` has a zero there, so that looking ahead by one needs no check.
  var end: Int
  var depth: Int
  var script = ShellScript()
  var wordCount = 0
  var pendingHereDocs: [HereDoc] = []
  /// Names of the functions that are being defined around here.
  var functions: [String] = []
  /// Inside `$(…)`, backticks, `<(…)`.
  var nesting = 0
  /// How often `((` turned out to be two subshells, in here and in all that is read anew.
  var misreadings = 0
  /// Names that surely have been given a value, whichever way the script went until here.
  var sure: Set<String> = []

  struct HereDoc {
    var delimiter: [UInt8]
    var isQuoted: Bool
    var stripsTabs: Bool
  }

  init(_ bytes: [UInt8], depth: Int) {
    end = bytes.count
    text = bytes + [0, 0, 0, 0]
    self.depth = depth
    if bytes.count > ShellScript.longest {
      end = 0
      script.fail("it is longer than \(ShellScript.longest / 1024) KiB")
    }
  }

  mutating func parseScript() {
    parseList(until: .end)
    if position < end { stop("a stray \(describe(next))") }
    if !pendingHereDocs.isEmpty { stop("a here-document without its text") }
  }

  // MARK: the cursor

  func peek(_ distance: Int) -> UInt8 {
    let index = position + distance
    return index < end ? text[index] : 0
  }
  var isAtEnd: Bool { position >= end }

  /// Ends the reading: what follows is not understood.
  mutating func stop(_ reason: String) {
    script.fail(reason)
    end = min(end, position)
    position = end
    // Lookahead must see the end there.
    stopped = true
    script.isWhole = false
    pendingHereDocs = []
  }
  var stopped = false

  /// The byte that is next, zero at the end.
  var next: UInt8 { position < end ? text[position] : 0 }

  func describe(_ byte: UInt8) -> String {
    isAtEnd ? "end" : (33...126).contains(byte) ? "`\(Character(Unicode.Scalar(byte)))`" : "character"
  }

  func string(_ start: Int, _ stop: Int) -> String { String(decoding: text[start..<stop], as: UTF8.self) }

  /// One level deeper, bounded.
  mutating func deeper(_ body: (inout ShellParser) -> Void) {
    guard depth < ShellScript.deepest else {
      stop("it is nested deeper than \(ShellScript.deepest) levels")
      return
    }
    depth += 1
    body(&self)
    depth -= 1
  }

  /// Text that bash would parse anew: what stands in backticks, what `eval` is given.
  mutating func parseInner(_ bytes: [UInt8]) {
    deeper { parser in
      var inner = ShellParser(bytes, depth: parser.depth)
      inner.script.commands = parser.script.commands
      inner.wordCount = parser.wordCount
      (inner.misreadings, inner.sure) = (parser.misreadings, parser.sure)
      inner.functions = parser.functions
      inner.nesting = parser.nesting + 1
      inner.script.variables = parser.script.variables
      inner.script.arithmeticNames = parser.script.arithmeticNames
      inner.script.hazard = parser.script.hazard
      inner.script.isReordered = parser.script.isReordered
      let before = parser.script.fault
      parser.script = ShellScript()
      inner.parseScript()
      parser.script = inner.script
      (parser.wordCount, parser.misreadings) = (inner.wordCount, inner.misreadings)
      let found = parser.script.fault
      parser.script.fault = before
      if let found { if inner.stopped { parser.stop(found) } else { parser.script.fail(found) } }
    }
  }

  mutating func emit(_ command: ShellCommand) {
    guard script.commands.count < ShellScript.mostCommands else {
      stop("it has more than \(ShellScript.mostCommands) commands")
      return
    }
    var command = command
    command.function = functions.last
    command.isNested = nesting > 0
    script.commands.append(command)
    if command.words.first?.literal == "trap" { script.isReordered = true }
    if let inner = script.variables.note(command) { parseInner(Array(inner.utf8)) }
    if command.redirects.isEmpty { sure.formUnion(command.bound) }
  }

  /// What is read in `body` may not run, or not here: what it assigns is not sure behind it.
  mutating func perhaps<T>(_ body: (inout ShellParser) -> T) -> T {
    let before = sure
    defer { sure = before }
    return body(&self)
  }

  // MARK: bytes

  /// What makes text look different from what runs. It is read on as bash would, so that rules still see the commands.
  mutating func inspectBytes() {
    if text[..<end].contains(where: { $0 >= 0x80 }), PathText.hidesSigns(string(0, end)) {
      script.fail("it has characters that change the sign before them")
    }
    var index = 0
    while index < end {
      let byte = text[index]
      if byte < 0x20 && byte != 0x0a && byte != 0x09 || byte == 0x7f {
        script.fail(
          byte == 0 ? "it has a NUL" : byte == 0x0d ? "it has a carriage return" : "it has a control character")
        if byte == 0 { end = index }
      } else if byte >= 0xc2 {
        let second = text[index + 1]
        let third = text[index + 2]
        let isHidden =
          switch (byte, second, third) {
          case (0xc2, 0x80...0xa0, _), (0xc2, 0xad, _): true  // C1, no-break space, soft hyphen
          case (0xd8, 0x9c, _): true
          case (0xe1, 0x9a, 0x80), (0xe1, 0xa0, 0x8e): true
          case (0xe2, 0x80, 0x80...0x8f), (0xe2, 0x80, 0xa8...0xaf), (0xe2, 0x81, 0x9f...0xaf): true
          case (0xe3, 0x80, 0x80), (0xef, 0xbb, 0xbf), (0xf3, 0xa0, _): true
          default: false
          }
        if isHidden { script.fail("it has invisible characters, or some that turn the direction of writing") }
      }
      index += 1
    }
  }
}

extension UInt8 {
  var isNameStart: Bool { self | 0x20 >= 0x61 && self | 0x20 <= 0x7a || self == 0x5f }
  var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  var isNamePart: Bool { isNameStart || isDigit }
  var isBlank: Bool { self == 0x20 || self == 0x09 }
  /// Ends a word that is not in quotes: blank, newline, ; & | < > ( )
  var endsWord: Bool { Self.wordEnds[Int(self)] }
  /// Means something inside an unquoted word: quotes, backslash, dollar, backtick.
  var isActive: Bool { Self.actives[Int(self)] }

  private static let wordEnds = table(" \t\n;&|<>()")
  private static let actives = table("'\"\\$`")
  private static func table(_ characters: String) -> [Bool] {
    var table = [Bool](repeating: false, count: 256)
    for byte in characters.utf8 { table[Int(byte)] = true }
    return table
  }
}
