import Core
import FoundationEssentials
import Testing

@testable import Session

/// What real programs printed, recorded by scripts/record.py.
struct ScreenFixture: Sendable, CustomTestStringConvertible {
  let name: String
  let size: TerminalSize
  let bytes: [UInt8]

  var testDescription: String { name }

  static let all: [ScreenFixture] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.sorted().compactMap { file in
      let parts = file.split(separator: ".")
      guard let size = parts.last?.split(separator: "x"), size.count == 2, let columns = Int(size[0]),
        let rows = Int(size[1]), let data = FileManager.default.contents(atPath: folder + "/" + file)
      else { return nil }
      return ScreenFixture(
        name: String(parts[0]), size: TerminalSize(rows: rows, columns: columns), bytes: Array(data))
    }
  }()
}

/// Repeatable randomness (SplitMix64).
struct Dice: RandomNumberGenerator {
  var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  mutating func roll(_ count: Int) -> Int { Int(next() % UInt64(max(count, 1))) }
}

extension ScreenModel {
  mutating func feed(_ bytes: some Collection<UInt8>) {
    Array(bytes).withUnsafeBytes { feed($0) }
  }
  mutating func feed(_ text: String) { feed(Array(text.utf8)) }

  /// In pieces as a network would cut them.
  mutating func feed(_ bytes: ArraySlice<UInt8>, _ dice: inout Dice) {
    var rest = bytes
    while !rest.isEmpty {
      let count = dice.roll(4) == 0 ? 1 + dice.roll(8) : 1 + dice.roll(3000)
      feed(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
  }
}
