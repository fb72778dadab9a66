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

  /// `crossing`: a single star crosses components, too, as rules that forbid want it of what may be no path at all.
  func matches(_ text: String, crossing: Bool = false) -> Bool {
    guard let first = parts.first else { return text.isEmpty }
    var text = text
    return text.withUTF8 { bytes in
      // What it must begin with tells most texts apart.
      guard case .literal(let run) = first else { return match(bytes, crossing) }
      guard Self.has(run[...], bytes, at: 0) else { return false }
      return parts.count == 1 ? bytes.count == run.count : match(bytes, crossing)
    }
  }

  private static func has(_ run: ArraySlice<UInt8>, _ bytes: UnsafeBufferPointer<UInt8>, at: Int) -> Bool {
    guard bytes.count - at >= run.count else { return false }
    for (offset, byte) in run.enumerated() where bytes[at + offset] != byte { return false }
    return true
  }

  /// Walks all ways at once: where the text may stand behind each part. The cost is parts times bytes, whatever they are.
  private func match(_ bytes: UnsafeBufferPointer<UInt8>, _ crossing: Bool) -> Bool {
    var places = [0]
    // Behind `**` at the beginning of a component its slash is not needed: `**/x` is also `x` itself.
    var free: [Int] = []
    for (index, part) in parts.enumerated() {
      var next: [Int] = []
      switch part {
      case .literal(let run):
        next = places.filter { Self.has(run[...], bytes, at: $0) }.map { $0 + run.count }
        if run.first == 0x2f, run.count > 1, !free.isEmpty {
          let more = free.filter { Self.has(run.dropFirst(), bytes, at: $0) }.map { $0 + run.count - 1 }
          if !more.isEmpty { next = Array(Set(next + more)).sorted() }
        }
      case .one:
        for at in places where at < bytes.count && bytes[at] != 0x2f {
          var end = at + 1
          while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
          if next.last != end { next.append(end) }
        }
      case .set(let ranges, let isNegated):
        for at in places
        where at < bytes.count && bytes[at] != 0x2f && ranges.contains(where: { $0.contains(bytes[at]) }) != isNegated {
          next.append(at + 1)
        }
      case .star, .doubleStar:
        let crosses = crossing || part == .doubleStar
        let isLast = index == parts.count - 1
        if isLast {
          // Only the end counts.
          return places.contains { at in crosses || !bytes[at...].contains(0x2f) }
        }
        var done = -1
        for at in places where at > done {
          var end = at
          next.append(end)
          while end < bytes.count, crosses || bytes[end] != 0x2f {
            end += 1
            next.append(end)
          }
          done = end
        }
      }
      free = part == .doubleStar ? places.filter { $0 == 0 || bytes[$0 - 1] == 0x2f } : []
      places = next
      if places.isEmpty && free.isEmpty { return false }
    }
    return places.last == bytes.count
  }
}
