/// Rare values that cells name by number: clusters of characters, hyperlinks. Each is kept once; number 0 is none.
struct ScreenTable<Value: Hashable & Sendable>: Sendable {
  private(set) var values: [Value?] = [nil]
  private var numbers: [Value: Int] = [:]
  let limit: Int
  /// When almost everything is in use, looking through all cells for every new value would take too long: so many go
  /// without before it is tried again.
  private var patience = 0

  init(limit: Int) { self.limit = limit }

  var isFull: Bool { values.count >= limit }
  /// Without 0.
  var count: Int { values.count - 1 }

  /// Whether it is time to look for values that nobody uses any more.
  mutating func shouldCompact() -> Bool {
    guard isFull else { return false }
    patience -= 1
    return patience < 0
  }

  subscript(number: Int) -> Value? { values.indices.contains(number) ? values[number] : nil }

  func find(_ value: Value) -> Int? { numbers[value] }

  /// Adds one that is not there; nil when the table is full.
  mutating func add(_ value: Value) -> Int? {
    guard !isFull else { return nil }
    values.append(value)
    numbers[value] = values.count - 1
    return values.count - 1
  }

  /// Keeps only `used`. Returns the new number of each.
  mutating func compact(used: [Bool]) -> [Int] {
    var renamed = [Int](repeating: 0, count: values.count)
    let old = values
    (values, numbers) = ([nil], [:])
    for (number, value) in old.enumerated() where number < used.count && used[number] {
      guard let value else { continue }
      renamed[number] = values.count
      numbers[value] = values.count
      values.append(value)
    }
    patience = values.count > limit - limit / 4 ? limit / 4 : 0
    return renamed
  }
}
