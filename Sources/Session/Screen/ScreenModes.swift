/// What a program has switched at its terminal, beyond what stands on the screen. Numbers are those of xterm's control
/// sequences (invisible-island.net/xterm/ctlseqs).
struct ScreenModes: Hashable {
  /// Modes of ours: they decide what becomes of what is printed.
  var insert = false
  var newline = false
  var origin = false
  var autowrap = true
  /// ESC = and ESC >.
  var keypad = false
  /// DECSCUSR; 0: the terminal's own.
  var cursorShape = 0
  /// Private modes that only the viewer's terminal needs to know, as they differ from its state after a reset.
  private(set) var passive: [Int: Bool] = [:]
  /// xterm's modifyOtherKeys.
  var otherKeys = 0
  /// The kitty keyboard protocol's flags, the newest last; at most 8.
  var keyboard: [Int] = []

  /// Private modes that are passed on, and what they are after a reset.
  static let known: [Int: Bool] = [
    1: false, 5: false, 9: false, 12: false, 25: true, 45: false, 66: false, 1000: false, 1002: false, 1003: false,
    1004: false, 1005: false, 1006: false, 1007: false, 1015: false, 1016: false, 1034: false, 1036: true, 1039: false,
    2004: false, 2027: false, 2031: false, 2048: false,
  ]

  func value(_ mode: Int) -> Bool? {
    switch mode {
    case 6: origin
    case 7: autowrap
    default: passive[mode] ?? Self.known[mode]
    }
  }

  mutating func set(_ mode: Int, _ on: Bool) {
    guard let standard = Self.known[mode] else { return }
    passive[mode] = on == standard ? nil : on
    // One kind of mouse report at a time, and one way to write it; switching any of them off ends it.
    for group in [[9, 1000, 1002, 1003], [1005, 1006, 1015, 1016]] where group.contains(mode) {
      for other in group where other != mode { passive[other] = nil }
    }
  }

  /// DECSTR: what a soft reset undoes.
  mutating func softReset() {
    (insert, origin, autowrap, keypad) = (false, false, true, false)
    for mode in [1, 25] { passive[mode] = nil }
  }
}
