/// A prompt that is being typed: keys in, edits out. Pure. Several lines are possible: Alt-Enter, Ctrl-J, a paste, or "\" at
/// the end of a line.
public struct LineEditor: Sendable {
  public enum Outcome: Hashable, Sendable {
    case edited
    case submitted(String)
    /// Ctrl-C.
    case interrupted
    /// Ctrl-D where nothing was typed.
    case ended
    /// Ctrl-L.
    case redraw
    /// Nothing can be done with that key now.
    case bell
  }

  public private(set) var text: [Character] = []
  /// Before which character the cursor stands.
  public private(set) var cursor = 0
  private var history: [String]
  /// Which line of the history is shown; its count: none.
  private var place: Int
  /// What was typed before the history was looked through.
  private var draft: [Character] = []
  private var killed: [Character] = []
  /// One prompt: the machine takes no more. Characters are counted here; bytes when it is sent.
  public static let most = 1024 * 1024

  public init(history: [String] = []) { (self.history, place) = (history, history.count) }

  public var isEmpty: Bool { text.isEmpty }
  public var line: String { String(text) }

  /// What was typed is gone.
  public mutating func clear() { (text, cursor, place) = ([], 0, history.count) }

  /// As if it had been typed.
  public mutating func set(_ line: String) {
    text = Array(line)
    cursor = text.count
  }

  /// The next Up shows this one.
  public mutating func remember(_ line: String) {
    if history.last != line { history.append(line) }
    if history.count > PromptHistory.most { history.removeFirst(history.count - PromptHistory.most) }
    place = history.count
  }

  public mutating func take(_ key: EditorKeys.Key) -> Outcome {
    switch key {
    case .text(let typed): return insert(Self.printable(typed, keepsLines: false))
    case .paste(let pasted): return insert(Self.printable(pasted, keepsLines: true))
    case .tab: return insert(["\t"])
    case .newline: return insert(["\n"])
    case .enter:
      if cursor == text.count, text.last == "\\" {
        text[text.count - 1] = "\n"
        return .edited
      }
      defer { clear() }
      return .submitted(line)
    case .interrupt: return .interrupted
    case .endOfInput: return text.isEmpty ? .ended : remove(cursor..<min(cursor + 1, text.count))
    case .redraw: return .redraw
    case .left, .right, .home, .end, .wordLeft, .wordRight: return move(key)
    case .up: return step(-1)
    case .down: return step(1)
    case .erase: return remove(max(0, cursor - 1)..<cursor)
    case .delete: return remove(cursor..<min(cursor + 1, text.count))
    case .eraseWord: return kill(wordStart..<cursor)
    case .eraseLine: return kill(lineStart..<cursor)
    case .eraseRest: return kill(cursor..<lineEnd)
    case .yank: return insert(killed)
    case .transpose:
      guard cursor > 0, text.count > 1 else { return .bell }
      let at = min(cursor, text.count - 1)
      text.swapAt(at - 1, at)
      cursor = at + 1
      return .edited
    }
  }

  /// Without controls; returns are newlines.
  private static func printable(_ typed: String, keepsLines: Bool) -> [Character] {
    let clean = TextSieve.clean(typed)
    return clean.filter { keepsLines || $0 != "\n" }.map { $0 }
  }

  private mutating func insert(_ new: [Character]) -> Outcome {
    guard !new.isEmpty, text.count + new.count <= Self.most else { return .bell }
    text.insert(contentsOf: new, at: cursor)
    cursor += new.count
    // A mark that was typed alone may have joined the character before it.
    if new[0].unicodeScalars.first.map({ CharacterJoin.joins($0) }) == true {
      let before = String(text[..<cursor])
      (text, cursor) = (Array(before) + text[cursor...], Array(before).count)
    }
    return .edited
  }

  private mutating func remove(_ range: Range<Int>) -> Outcome {
    guard !range.isEmpty else { return .bell }
    text.removeSubrange(range)
    cursor = range.lowerBound
    return .edited
  }

  private mutating func kill(_ range: Range<Int>) -> Outcome {
    if !range.isEmpty { killed = Array(text[range]) }
    return remove(range)
  }

  // MARK: moving

  private var lineStart: Int { (text[..<cursor].lastIndex(of: "\n") ?? -1) + 1 }
  private var lineEnd: Int { text[cursor...].firstIndex(of: "\n") ?? text.count }
  private var wordStart: Int {
    var at = cursor
    while at > 0, text[at - 1].isWhitespace { at -= 1 }
    while at > 0, !text[at - 1].isWhitespace { at -= 1 }
    return at
  }
  private var wordEnd: Int {
    var at = cursor
    while at < text.count, text[at].isWhitespace { at += 1 }
    while at < text.count, !text[at].isWhitespace { at += 1 }
    return at
  }

  private mutating func move(_ key: EditorKeys.Key) -> Outcome {
    let before = cursor
    switch key {
    case .left: cursor = max(0, cursor - 1)
    case .right: cursor = min(text.count, cursor + 1)
    case .home: cursor = lineStart
    case .end: cursor = lineEnd
    case .wordLeft: cursor = wordStart
    default: cursor = wordEnd
    }
    return cursor == before ? .bell : .edited
  }

  /// A line up or down in what is typed; at its border, through the history.
  private mutating func step(_ by: Int) -> Outcome {
    let column = cursor - lineStart
    if by < 0, lineStart > 0 {
      let end = lineStart - 1
      let start = (text[..<end].lastIndex(of: "\n") ?? -1) + 1
      cursor = min(start + column, end)
      return .edited
    }
    if by > 0, lineEnd < text.count {
      let start = lineEnd + 1
      cursor = min(start + column, text[start...].firstIndex(of: "\n") ?? text.count)
      return .edited
    }
    let next = place + by
    guard (0...history.count).contains(next) else { return .bell }
    if place == history.count { draft = text }
    place = next
    text = next == history.count ? draft : Array(history[next])
    cursor = text.count
    return .edited
  }
}

/// Whether a scalar becomes part of the character before it.
enum CharacterJoin {
  static func joins(_ scalar: Unicode.Scalar) -> Bool {
    let properties = scalar.properties
    return properties.isGraphemeExtend || scalar.value == 0x200d || properties.isEmojiModifier
      || (0x1f1e6...0x1f1ff).contains(scalar.value)
  }
}
