import Core

/// A pattern as steps over bytes. Any number of them may be tried side by side; none goes back.
struct PatternProgram {
  enum Step {
    case bytes(ClosedRange<UInt8>, next: Int32)
    case either(Int32, Int32)
    case assertion(PatternNode.Assertion, next: Int32)
    case match
  }
  private(set) var steps: [Step] = []
  private(set) var start: Int32 = 0
  private(set) var hasWordEdges = false

  /// `x{1000}{1000}` is refused instead of written out.
  static let mostSteps = 20_000

  init(_ node: PatternNode) throws(CmdopError) {
    let match = try add(.match)
    start = try build(node, then: match)
  }

  private mutating func add(_ step: Step) throws(CmdopError) -> Int32 {
    guard steps.count < Self.mostSteps else {
      throw CmdopError(.badUsage, "the pattern is too large: it repeats too much")
    }
    steps.append(step)
    return Int32(steps.count - 1)
  }

  /// Built from behind: returns where `node` begins.
  private mutating func build(_ node: PatternNode, then next: Int32) throws(CmdopError) -> Int32 {
    switch node {
    case .empty: return next
    case .assertion(let assertion):
      if assertion == .wordEdge || assertion == .noWordEdge { hasWordEdges = true }
      return try add(.assertion(assertion, next: next))
    case .sequence(let nodes):
      var place = next
      for node in nodes.reversed() { place = try build(node, then: place) }
      return place
    case .either(let nodes):
      var place = try build(nodes[nodes.count - 1], then: next)
      for node in nodes.dropLast().reversed() { place = try add(.either(try build(node, then: next), place)) }
      return place
    case .repeated(let node, let least, let most): return try build(node, least, most, then: next)
    case .set(let set): return try build(set, then: next)
    }
  }

  private mutating func build(
    _ node: PatternNode, _ least: Int, _ most: Int?, then next: Int32
  ) throws(CmdopError) -> Int32 {
    var place = next
    if let most {
      for _ in least..<max(most, least) { place = try add(.either(try build(node, then: place), next)) }
    } else {
      // The fork comes first, so that what is repeated can lead back to it.
      let fork = try add(.either(next, next))
      steps[Int(fork)] = .either(try build(node, then: fork), next)
      place = fork
    }
    for _ in 0..<least { place = try build(node, then: place) }
    return place
  }

  private mutating func build(_ set: ScalarSet, then next: Int32) throws(CmdopError) -> Int32 {
    var sequences = set.byteSequences
    // Text that is no UTF-8: what stands for most characters stands for a stray byte too.
    if set.ranges.contains(where: { $0.count > 0x10000 }) { sequences.append([0x80...0xff]) }
    guard !sequences.isEmpty else { return try add(.assertion(.nothing, next: next)) }
    var place: Int32?
    for sequence in sequences.reversed() {
      var at = next
      for range in sequence.reversed() { at = try add(.bytes(range, next: at)) }
      if let other = place { at = try add(.either(at, other)) }
      place = at
    }
    return place ?? next
  }
}
