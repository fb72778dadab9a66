import Core

/// A pattern for paths: `*` and `?` within a name, `[a-z]`, `{a,b}`, and `**` for any number of directories.
///
/// Matching takes time in proportion to pattern times text, whatever the pattern.
struct GlobPattern {
  private enum Part {
    case anyDepth
    case name([Item])
  }
  private enum Item {
    case scalar(Unicode.Scalar)
    case any
    case run
    case set([ClosedRange<UInt32>], isNegated: Bool)
  }
  private let alternatives: [[Part]]

  /// Braces multiply: beyond this a pattern is a mistake.
  static let mostAlternatives = 256

  /// `pattern`: names with "/" between them. Throws `badUsage` with the reason.
  init(_ pattern: String) throws(CmdopError) {
    guard pattern.utf8.count <= 4096 else { throw CmdopError(.badUsage, "the pattern is longer than 4096 bytes") }
    var alternatives: [[Part]] = []
    for text in try Self.expand(pattern) {
      var parts: [Part] = []
      for name in text.split(separator: "/") where name != "." {
        if name == ".." {
          throw CmdopError(.badUsage, "the pattern \(OneLine.of(pattern)) leads upwards: \"..\" is not for patterns")
        }
        if name == "**" {
          if case .anyDepth = parts.last {} else { parts.append(.anyDepth) }
        } else {
          parts.append(.name(try Self.items(name)))
        }
      }
      alternatives.append(parts)
    }
    self.alternatives = alternatives
  }

  /// Whether the whole of a path fits, given as its names.
  func matches(_ names: [Substring]) -> Bool { alternatives.contains { Self.reach($0, names).last == true } }

  /// Whether something below that directory may fit.
  func mayMatch(below names: [Substring]) -> Bool {
    alternatives.contains { parts in
      // Which parts may come next after all names are used.
      Self.states(parts, names).contains { $0 < parts.count }
    }
  }

  /// Whether it asks for hidden names at that depth: a part that begins with a dot.
  func namesHidden(_ name: Substring) -> Bool {
    alternatives.contains { parts in
      parts.contains { part in
        guard case .name(let items) = part, case .scalar(let first)? = items.first else { return false }
        return first == "." && Self.fits(items[...], Array(name.unicodeScalars)[...])
      }
    }
  }

  private static func reach(_ parts: [Part], _ names: [Substring]) -> [Bool] {
    var reached = [Bool](repeating: false, count: parts.count + 1)
    for state in states(parts, names) { reached[state] = true }
    return reached
  }

  /// How many parts may be used up after `names`: a set of states, walked side by side.
  private static func states(_ parts: [Part], _ names: [Substring]) -> Set<Int> {
    func closed(_ states: Set<Int>) -> Set<Int> {
      var all = states
      for state in states.sorted() {
        var next = state
        while next < parts.count, case .anyDepth = parts[next] {
          next += 1
          all.insert(next)
        }
      }
      return all
    }
    var current = closed([0])
    for name in names {
      let scalars = Array(name.unicodeScalars)
      var next: Set<Int> = []
      for state in current where state < parts.count {
        switch parts[state] {
        case .anyDepth: next.insert(state)
        case .name(let items): if fits(items[...], scalars[...]) { next.insert(state + 1) }
        }
      }
      if next.isEmpty { return [] }
      current = closed(next)
    }
    return current
  }

  /// One name. At a failure only the last `*` takes one more: earlier ones need not be tried again.
  private static func fits(_ items: ArraySlice<Item>, _ name: ArraySlice<Unicode.Scalar>) -> Bool {
    var (item, at) = (items.startIndex, name.startIndex)
    var (star, starAt) = (-1, 0)
    while at < name.endIndex {
      if item < items.endIndex, case .run = items[item] {
        (star, starAt) = (item, at)
        item += 1
      } else if item < items.endIndex, one(items[item], name[at]) {
        (item, at) = (item + 1, at + 1)
      } else if star >= 0 {
        starAt += 1
        (item, at) = (star + 1, starAt)
      } else {
        return false
      }
    }
    while item < items.endIndex, case .run = items[item] { item += 1 }
    return item == items.endIndex
  }

  private static func one(_ item: Item, _ scalar: Unicode.Scalar) -> Bool {
    switch item {
    case .scalar(let wanted): wanted == scalar
    case .any: true
    case .run: false
    case .set(let ranges, let isNegated): ranges.contains { $0.contains(scalar.value) } != isNegated
    }
  }

  // MARK: reading a pattern

  private static func items(_ name: some StringProtocol) throws(CmdopError) -> [Item] {
    let scalars = Array(name.unicodeScalars)
    var (items, index) = ([Item](), 0)
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "*": if case .run = items.last {} else { items.append(.run) }
      case "?": items.append(.any)
      case "\\" where index < scalars.count:
        items.append(.scalar(scalars[index]))
        index += 1
      case "[":
        guard let (set, next) = set(scalars, index) else {
          items.append(.scalar("["))
          continue
        }
        items.append(set)
        index = next
      default: items.append(.scalar(scalar))
      }
    }
    return items
  }

  private static func set(_ scalars: [Unicode.Scalar], _ start: Int) -> (Item, Int)? {
    var (index, ranges, isNegated) = (start, [ClosedRange<UInt32>](), false)
    if index < scalars.count, scalars[index] == "!" || scalars[index] == "^" { (isNegated, index) = (true, index + 1) }
    let first = index
    while index < scalars.count {
      if scalars[index] == "]" && index > first { return (.set(ranges, isNegated: isNegated), index + 1) }
      let low = scalars[index].value
      if index + 2 < scalars.count, scalars[index + 1] == "-", scalars[index + 2] != "]" {
        let high = scalars[index + 2].value
        if low <= high { ranges.append(low...high) }
        index += 3
      } else {
        ranges.append(low...low)
        index += 1
      }
    }
    return nil
  }

  /// `a{b,c{d,e}}` as abc… : every alternative written out.
  private static func expand(_ pattern: String) throws(CmdopError) -> [String] {
    var (done, open) = ([String](), [pattern])
    while let text = open.popLast() {
      guard done.count + open.count < mostAlternatives else {
        throw CmdopError(.badUsage, "the pattern has more than \(mostAlternatives) alternatives")
      }
      let scalars = Array(text.unicodeScalars)
      guard let (begin, commas, end) = braces(scalars) else {
        done.append(text)
        continue
      }
      func string(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }
      let (before, after) = (string(0..<begin), string((end + 1)..<scalars.count))
      let bounds = [begin] + commas + [end]
      for (low, high) in zip(bounds, bounds.dropFirst()).reversed() {
        open.append(before + string((low + 1)..<high) + after)
      }
    }
    return done
  }

  /// The first outermost pair of braces with a comma in it.
  private static func braces(_ scalars: [Unicode.Scalar]) -> (begin: Int, commas: [Int], end: Int)? {
    var (stack, index) = ([(begin: Int, commas: [Int])](), 0)
    while index < scalars.count {
      switch scalars[index] {
      case "\\": index += 1
      case "{": stack.append((index, []))
      case "," where !stack.isEmpty: stack[stack.count - 1].commas.append(index)
      case "}":
        if let top = stack.popLast(), !top.commas.isEmpty { return (top.begin, top.commas, index) }
      default: break
      }
      index += 1
    }
    return nil
  }
}
