import Core
import Testing

@testable import Session

@Suite("Screen: a drawing brings any terminal to where the program is")
struct ScreenSnapshotTests {
  @Test("A fresh and a dirty terminal come to the same screen and go on alike", arguments: ScreenFixture.all)
  func sameAtAnyCut(_ fixture: ScreenFixture) {
    var dice = Dice(UInt64(fixture.bytes.count))
    let others = ScreenFixture.all.filter { $0.name != fixture.name && $0.bytes.count < 20_000 }
    for cut in Self.cuts(fixture.bytes, &dice) {
      var original = ScreenModel(size: fixture.size)
      original.feed(fixture.bytes[..<cut], &dice)
      var viewer = ScreenModel(size: fixture.size)
      var dirty = others.isEmpty ? viewer : Self.dirty(others[dice.roll(others.count)], fixture.size, &dice)
      let drawing = original.snapshot()
      #expect(drawing.count <= 64 * 1024)
      viewer.feed(drawing)
      dirty.feed(drawing)
      guard Self.agree(original, viewer, dirty, "\(fixture.name) at \(cut)") else { return }
      original.feed(fixture.bytes[cut...], &dice)
      viewer.feed(fixture.bytes[cut...], &dice)
      dirty.feed(fixture.bytes[cut...], &dice)
      guard Self.agree(original, viewer, dirty, "\(fixture.name) at the end, cut at \(cut)") else { return }
      for terminal in [viewer, dirty] {
        #expect(Self.endAlike(original.history.lines, terminal.history.lines), "\(fixture.name), cut at \(cut)")
      }
    }
  }

  static func agree(_ original: ScreenModel, _ viewer: ScreenModel, _ dirty: ScreenModel, _ place: String) -> Bool {
    let (wanted, got, soiled) = (ScreenState(original), ScreenState(viewer), ScreenState(dirty))
    let differences =
      got.differences(from: wanted).map { "fresh: \($0)" }
      + soiled.overlooking(whatIsNotIn: wanted).differences(from: wanted).map { "dirty: \($0)" }
    if !differences.isEmpty { Issue.record("\(place): \(differences.joined(separator: "; "))") }
    return differences.isEmpty
  }

  /// One may know older lines than the other, but all that both know are the same.
  private static func endAlike(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
    let count = min(a.count, b.count)
    return a.suffix(count).elementsEqual(b.suffix(count))
  }

  private static func dirty(_ other: ScreenFixture, _ size: TerminalSize, _ dice: inout Dice) -> ScreenModel {
    var model = ScreenModel(size: other.size)
    model.feed(other.bytes.prefix(dice.roll(other.bytes.count + 1)))
    model.resize(size)
    // Titles that were put aside belong to whoever put them there, and would come back when ours are used up.
    model.titles = []
    return model
  }

  /// Some anywhere, and some within sequences and characters.
  private static func cuts(_ bytes: [UInt8], _ dice: inout Dice) -> [Int] {
    var cuts = [0, bytes.count]
    for _ in 0..<6 { cuts.append(dice.roll(bytes.count + 1)) }
    let special = bytes.indices.filter { bytes[$0] == 0x1b || bytes[$0] >= 0xc0 }
    for _ in 0..<8 where !special.isEmpty {
      cuts.append(min(special[dice.roll(special.count)] + 1 + dice.roll(4), bytes.count))
    }
    return cuts
  }
}
