/// Patterns for one word: `*` (and `?`, `[abc]`) stay inside a path component, `**` crosses. The whole word must match.
struct Glob: Hashable, Sendable {
  private enum Part: Hashable {
    case literal([UInt8])
    case one
    case set([ClosedRange<UInt8>], isNegated: Bool)
    case star
    case doubleStar
  }
  private let parts: [Part]
  let isLiteral: Bool
  /// Matches everything: `**`.
  let isEverything: Bool

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var parts: [Part] = []
    var run: [UInt8] = []
    func flush() {
      if !run.isEmpty { parts.append(.literal(run)) }
      run = []
    }
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0x2a {
        flush()
        if index + 1 < bytes.count, bytes[index + 1] == 0x2a {
          while index + 1 < bytes.count, bytes[index + 1] == 0x2a { index += 1 }
          parts.append(.doubleStar)
        } else {
          parts.append(.star)
        }
      } else if byte == 0x3f {
        flush()
        parts.append(.one)
      } else if byte == 0x5b, let (set, negated, next) = Self.set(bytes, from: index) {
        flush()
        parts.append(.set(set, isNegated: negated))
        index = next
        continue
      } else {
        run.append(byte)
      }
      index += 1
    }
    flush()
    self.parts = parts
    isLiteral = parts.allSatisfy { if case .literal = $0 { true } else { false } }
    isEverything = parts == [.doubleStar]
  }

  private static func set(_ bytes: [UInt8], from open: Int) -> ([ClosedRange<UInt8>], Bool, Int)? {
    var index = open + 1
    var isNegated = false
    if index < bytes.count, bytes[index] == 0x21 || bytes[index] == 0x5e {
      isNegated = true
      index += 1
    }
    var ranges: [ClosedRange<UInt8>] = []
    let first = index
    while index < bytes.count, bytes[index] != 0x5d || index == first {
      if bytes[index] == 0x2f { return nil }
      if index + 2 < bytes.count, bytes[index + 1] == 0x2d, bytes[index + 2] != 0x5d, bytes[index + 2] >= bytes[index] {
        ranges.append(bytes[index]...bytes[index + 2])
        index += 3
      } else {
        ranges.append(bytes[index]...bytes[index])
        index += 1
      }
    }
    return index < bytes.count ? (ranges, isNegated, index + 1) : nil
  }

  /// Below that many steps per pattern part and byte: many stars must not cost more than the text is worth.
  func matches(_ text: String) -> Bool {
    if case .literal(let only)? = parts.first, parts.count == 1 { return text.utf8.elementsEqual(only) }
    var text = text
    return text.withUTF8 { bytes in
      var budget = 20_000
      return match(bytes, 0, 0, &budget)
    }
  }

  private func match(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ part: Int, _ budget: inout Int) -> Bool {
    var (at, part) = (at, part)
    while part < parts.count {
      budget -= 1
      if budget < 0 { return false }
      switch parts[part] {
      case .literal(let run):
        guard bytes.count - at >= run.count else { return false }
        for (offset, byte) in run.enumerated() where bytes[at + offset] != byte {
          return false
        }
        at += run.count
      case .one:
        guard at < bytes.count, bytes[at] != 0x2f else { return false }
        at += 1
        while at < bytes.count, bytes[at] & 0xc0 == 0x80 { at += 1 }
      case .set(let ranges, let isNegated):
        guard at < bytes.count, bytes[at] != 0x2f, ranges.contains(where: { $0.contains(bytes[at]) }) != isNegated
        else { return false }
        at += 1
      case .star, .doubleStar:
        let crosses = parts[part] == .doubleStar
        if part == parts.count - 1 {
          return crosses || !bytes[at...].contains(0x2f)
        }
        // `**/x` is also `x` itself.
        if crosses, case .literal(let run) = parts[part + 1], run.first == 0x2f, run.count > 1,
          at == 0 || bytes[at - 1] == 0x2f, matchesTail(bytes, at, run.dropFirst(), part + 2, &budget)
        {
          return true
        }
        while true {
          if match(bytes, at, part + 1, &budget) { return true }
          guard at < bytes.count, crosses || bytes[at] != 0x2f, budget > 0 else { return false }
          at += 1
        }
      }
      part += 1
    }
    return at == bytes.count
  }

  private func matchesTail(
    _ bytes: UnsafeBufferPointer<UInt8>, _ at: Int, _ run: ArraySlice<UInt8>, _ part: Int, _ budget: inout Int
  ) -> Bool {
    guard bytes.count - at >= run.count else { return false }
    for (offset, byte) in run.enumerated() where bytes[at + offset] != byte { return false }
    return match(bytes, at + run.count, part, &budget)
  }
}
