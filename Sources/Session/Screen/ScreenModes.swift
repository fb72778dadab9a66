/// What a program has switched at its terminal, beyond what stands on the screen. Numbers are those of xterm's control
/// sequences (invisible-island.net/xterm/ctlseqs).
struct ScreenModes: Hashable {
  // Those that decide what becomes of what is printed.
  var insert = false
  var newline = false
  var origin = false
  var autowrap = true
  var reverseWrap = false
  /// DECLRMM: there may be margins left and right.
  var sideMargins = false
  /// DECCOLM is listened to.
  var allowsColumns = false

  // Those that only the viewer's terminal needs to know.
  /// ESC = and ESC >.
  var keypad = false
  /// DECSCUSR; 0: the terminal's own.
  var cursorShape = 0
  /// Bit n: number n of `plain` differs from what it is after a reset.
  private var changed: UInt32 = 0
  /// Modes that terminals begin with differently, once a program has set them.
  var preferences: [Int: Bool] = [:]
  /// The last word on each way to report the mouse, in the order they were said. Terminals differ in what remains of one
  /// when another is switched, so this is repeated as it was.
  private(set) var mouse: [Mouse] = []
  /// xterm's modifyOtherKeys and its kin, by number.
  var keyModifiers: [Int: Int] = [:]
  var keyboard = KeyboardFlags()
  /// Of the screen that is not shown.
  var hiddenKeyboard = KeyboardFlags()

  struct Mouse: Hashable {
    let mode: Int
    let isOn: Bool
  }

  /// Private modes and what they are after a reset, on every terminal: application cursor keys, reverse video, visible
  /// cursor, focus events, bracketed paste, synchronized output, notices of colour scheme and size.
  static let plain: [(mode: Int, isOn: Bool)] = [
    (1, false), (5, false), (25, true), (1004, false), (2004, false), (2026, false), (2031, false), (2048, false),
  ]
  static let mouseModes = [9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016]
  /// Smooth scrolling, key repeat, blinking cursor, backarrow key, alternate scroll, meta keys, grapheme clusters.
  static let preferenceModes = [4, 8, 12, 67, 1007, 1034, 1035, 1036, 1037, 1039, 2027]

  /// modifyCursorKeys, modifyFunctionKeys, modifyOtherKeys.
  static let keyResources = [1, 2, 4]

  /// Nil: not known here.
  func value(_ mode: Int) -> Bool? {
    switch mode {
    case 6: return origin
    case 7: return autowrap
    case 40: return allowsColumns
    case 45: return reverseWrap
    case 66: return keypad
    case 69: return sideMargins
    default: break
    }
    if let index = Self.plain.firstIndex(where: { $0.mode == mode }) {
      return Self.plain[index].isOn != (changed >> UInt32(index) & 1 == 1)
    }
    if Self.mouseModes.contains(mode) { return mouse.contains(Mouse(mode: mode, isOn: true)) }
    return preferences[mode]
  }

  /// Those that change nothing in what is printed.
  mutating func set(_ mode: Int, _ isOn: Bool) {
    if let index = Self.plain.firstIndex(where: { $0.mode == mode }) {
      let bit: UInt32 = 1 << UInt32(index)
      changed = isOn == Self.plain[index].isOn ? changed & ~bit : changed | bit
    } else if Self.mouseModes.contains(mode) {
      mouse.removeAll { $0.mode == mode }
      mouse.append(Mouse(mode: mode, isOn: isOn))
      // Switching off what was not on says nothing.
      mouse.removeFirst(mouse.firstIndex { $0.isOn } ?? mouse.count)
    } else if Self.preferenceModes.contains(mode) {
      preferences[mode] = isOn
    }
  }

  /// Those of `plain` that differ from what they are after a reset.
  var unusual: [(mode: Int, isOn: Bool)] {
    Self.plain.enumerated().filter { changed >> UInt32($0.offset) & 1 == 1 }.map { ($0.element.mode, !$0.element.isOn) }
  }

  /// DECSTR: what a soft reset undoes.
  mutating func softReset() {
    (insert, origin, autowrap, keypad, reverseWrap, sideMargins) = (false, false, true, false, false, false)
    set(1, false)
    set(25, true)
  }
}

/// The kitty keyboard protocol: the flags in force and those that were pushed, the newest last.
struct KeyboardFlags: Hashable {
  private(set) var current = 0
  private(set) var pushed: [Int] = []
  /// The protocol has a terminal drop the oldest of a stack that grows too high.
  private static let mostPushed = 8

  mutating func push(_ flags: Int) {
    if pushed.count == Self.mostPushed { pushed.removeFirst() }
    pushed.append(current)
    current = flags & 31
  }

  mutating func pop(_ count: Int) {
    for _ in 0..<min(count, pushed.count + 1) { current = pushed.popLast() ?? 0 }
  }

  /// `how`: 1 all of them, 2 these too, 3 without these.
  mutating func set(_ flags: Int, _ how: Int) {
    switch how {
    case 2: current |= flags & 31
    case 3: current &= ~flags
    default: current = flags & 31
    }
  }
}
