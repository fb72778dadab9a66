import Core

/// Tells which lines a pattern matches, in time proportional to the text whatever the pattern is: the states that the pattern
/// can be in are walked side by side and remembered (a lazy DFA). Backtracking engines take for ever on `(a+)+$`, and a model
/// or a remote caller chooses the pattern (docs/decisions/0010).
struct LinePattern {
  private let program: PatternProgram
  /// Bytes that no step tells apart are one class.
  private let classes: [UInt8]
  private let examples: [UInt8]
  private let classCount: Int

  private struct Context: Hashable {
    var steps: [Int32]
    var isStart: Bool
    var isAfterWord: Bool
  }
  private var known: [Context: Int32] = [:]
  private var contexts: [Context] = []
  /// By state and class; the last class is the end of the line. `unknown` until it was needed.
  private var moves: [Int32] = []
  private var size = 0
  private var start: Int32 = 0

  private static let unknown: Int32 = -1
  private static let matched: Int32 = -2
  /// Steps remembered in all: a few MB. Then all is forgotten, and begun anew.
  private static let mostRemembered = 500_000
  private static let mostStates = 5_000

  /// Throws `badUsage` with the place and the reason.
  init(_ text: String, ignoresCase: Bool = false) throws(CmdopError) {
    program = try PatternProgram(try PatternParser.parse(text, ignoresCase: ignoresCase))
    var borders = [Bool](repeating: false, count: 257)
    func mark(_ range: ClosedRange<UInt8>) {
      (borders[Int(range.lowerBound)], borders[Int(range.upperBound) + 1]) = (true, true)
    }
    for case .bytes(let range, _) in program.steps { mark(range) }
    if program.hasWordEdges {
      for range in [48...57, 65...90, 95...95, 97...122] as [ClosedRange<UInt8>] { mark(range) }
    }
    var (classes, examples) = ([UInt8](), [UInt8(0)])
    for byte in 0...255 {
      if byte > 0 && borders[byte] { examples.append(UInt8(byte)) }
      classes.append(UInt8(examples.count - 1))
    }
    (self.classes, self.examples, classCount) = (classes, examples, examples.count)
    forget()
  }

  private mutating func forget() {
    (known, contexts, moves, size) = ([:], [], [], 0)
    start = state(Context(steps: [program.start], isStart: true, isAfterWord: false))
  }

  /// Where in the line it is certain that it matches; nil: it does not. `isOver` is asked now and then; then nil.
  mutating func end(of line: UnsafeRawBufferPointer, isOver: () -> Bool) -> Int? {
    var state = start
    let width = classCount + 1
    for index in 0...line.count {
      let kind = index < line.count ? Int(classes[Int(line[index])]) : classCount
      var next = moves[Int(state) * width + kind]
      if next == Self.unknown {
        if isOver() { return nil }
        next = move(&state, kind)
      }
      if next == Self.matched { return index }
      state = next
    }
    return nil
  }

  /// `state` changes its number when all was forgotten.
  private mutating func move(_ state: inout Int32, _ kind: Int) -> Int32 {
    if size > Self.mostRemembered || contexts.count > Self.mostStates {
      let context = contexts[Int(state)]
      forget()
      state = self.state(context)
    }
    let from = contexts[Int(state)]
    let byte = kind < classCount ? examples[kind] : nil
    let next: Int32
    if let reached = reach(from, byte) {
      if byte == nil {
        next = start  // the end without a match; nobody goes on from here
      } else {
        // The match may begin anywhere.
        let steps = Set(reached).union([program.start]).sorted()
        let isAfterWord = program.hasWordEdges && byte.map(Self.isWordPart) == true
        next = self.state(Context(steps: steps, isStart: false, isAfterWord: isAfterWord))
      }
    } else {
      next = Self.matched
    }
    moves[Int(state) * (classCount + 1) + kind] = next
    return next
  }

  /// The steps after `byte` (nil: after the end); nil when the pattern has matched.
  private func reach(_ from: Context, _ byte: UInt8?) -> [Int32]? {
    var (open, seen, after) = (from.steps, Set(from.steps), [Int32]())
    func go(_ step: Int32) { if seen.insert(step).inserted { open.append(step) } }
    while let place = open.popLast() {
      switch program.steps[Int(place)] {
      case .match: return nil
      case .either(let one, let other):
        go(one)
        go(other)
      case .assertion(let assertion, let next): if holds(assertion, from, byte) { go(next) }
      case .bytes(let range, let next): if let byte, range.contains(byte) { after.append(next) }
      }
    }
    return after
  }

  private func holds(_ assertion: PatternNode.Assertion, _ from: Context, _ byte: UInt8?) -> Bool {
    switch assertion {
    case .start: from.isStart
    case .end: byte == nil
    case .wordEdge: from.isAfterWord != (byte.map(Self.isWordPart) ?? false)
    case .noWordEdge: from.isAfterWord == (byte.map(Self.isWordPart) ?? false)
    case .nothing: false
    }
  }

  private mutating func state(_ context: Context) -> Int32 {
    if let known = known[context] { return known }
    let number = Int32(contexts.count)
    contexts.append(context)
    known[context] = number
    size += context.steps.count + classCount
    moves += [Int32](repeating: Self.unknown, count: classCount + 1)
    return number
  }

  private static func isWordPart(_ byte: UInt8) -> Bool {
    (48...57).contains(byte) || (65...90).contains(byte) || byte == 95 || (97...122).contains(byte)
  }
}
