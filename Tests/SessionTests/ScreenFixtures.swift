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
