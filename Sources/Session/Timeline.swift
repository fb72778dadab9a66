/// When what was printed: positions with times, in steps of at least 20 ms. Bounded: when it is full, the older half is
/// given up.
struct Timeline {
  private(set) var marks: [(end: UInt64, at: Int64)] = []
  private static let limit = 8192

  mutating func mark(_ end: UInt64, at time: Int64) {
    if let last = marks.last, time - last.at < 20 {
      marks[marks.count - 1].end = end
      return
    }
    if marks.count >= Self.limit { marks.removeFirst(Self.limit / 2) }
    marks.append((end, time))
  }
}
