/// Cuts a terminal's output into characters, controls and sequences: Paul Williams' state machine
/// (vt100.net/emu/dec_ansi_parser) with UTF-8 in its ground state, and with colons between sub-parameters (ECMA-48, ITU
/// T.416). Whatever the bytes are, it takes bounded memory and knows, after any byte, what is unfinished.
struct EscapeParser {
  enum Action {
    case none
    case character(UInt32)
    case control(UInt8)
    /// ESC, intermediates, final.
    case escape(UInt8)
    /// CSI, private marker, parameters, intermediates, final.
    case csi(UInt8)
    /// OSC with its text.
    case command
    /// DCS with its text.
    case device
  }

  private enum State { case ground, escape, escapeIntermediate, csi, csiIgnore, osc, dcs, string }
  private var state = State.ground
  private var scalar: UInt32 = 0
  private var missing = 0
  private var lowest: UInt32 = 0
  /// An ESC inside a string may be the first half of its end.
  private var sawEscape = false

  /// Of the sequence that has just ended. -1: a parameter that was left out.
  private(set) var parameters: [Int] = []
  /// Which parameters were joined to the one before by a colon.
  private(set) var isSub: [Bool] = []
  private(set) var marker: UInt8 = 0
  private(set) var intermediate: UInt8 = 0
  /// Of OSC and DCS; what is longer than 4 KiB is dropped whole.
  private(set) var text: [UInt8] = []
  private var textIsTooLong = false
  private static let textLimit = 4096
  private static let parameterLimit = 32

  /// What has come of a sequence or a character that is not complete: a reader who goes on from here needs it first.
  private(set) var unfinished: [UInt8] = []

  var isInString: Bool { state == .osc || state == .dcs || state == .string }
  var isInGround: Bool { state == .ground && missing == 0 }

  mutating func take(_ byte: UInt8) -> Action {
    if state == .ground { return ground(byte) }
    if state == .osc || state == .dcs || state == .string { return string(byte) }
    switch byte {
    case 0x18, 0x1a:
      toGround()
      return .none
    case 0x1b:
      begin(.escape)
      return .none
    case 0..<0x20: return .control(byte)
    case 0x7f: return .none
    default: break
    }
    unfinished.append(byte)
    switch (state, byte) {
    case (.escape, UInt8(ascii: "[")):
      state = .csi
      (parameters, isSub) = ([-1], [false])
    case (.escape, UInt8(ascii: "]")): beginText(.osc)
    case (.escape, UInt8(ascii: "P")): beginText(.dcs)
    case (.escape, UInt8(ascii: "X")), (.escape, UInt8(ascii: "^")), (.escape, UInt8(ascii: "_")): beginText(.string)
    case (.escape, 0x20...0x2f), (.escapeIntermediate, 0x20...0x2f):
      intermediate = byte
      state = .escapeIntermediate
    case (.escape, _), (.escapeIntermediate, _):
      toGround()
      return .escape(byte)
    case (.csi, 0x40...), (.csiIgnore, 0x40...):
      let ignored = state == .csiIgnore
      toGround()
      return ignored ? .none : .csi(byte)
    case (.csi, _): parameter(byte)
    default: break
    }
    // Endless digits: the sequence says nothing any more, only its end is waited for.
    if unfinished.count > 512 {
      state = .csiIgnore
      unfinished.removeLast(unfinished.count - 64)
    }
    return .none
  }

  private mutating func parameter(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      let last = parameters.count - 1
      parameters[last] = min(max(parameters[last], 0) * 10 + Int(byte - 48), 65_535)
    case UInt8(ascii: ";"), UInt8(ascii: ":"):
      guard parameters.count < Self.parameterLimit else { return }
      parameters.append(-1)
      isSub.append(byte == UInt8(ascii: ":"))
    case 0x3c...0x3f:
      if parameters == [-1] && marker == 0 { marker = byte } else { state = .csiIgnore }
    case 0x20...0x2f: intermediate = byte
    default: break
    }
  }

  private mutating func string(_ byte: UInt8) -> Action {
    if sawEscape {
      sawEscape = false
      guard byte == UInt8(ascii: "\\") else {
        begin(.escape)
        return take(byte)
      }
      return endText()
    }
    switch byte {
    case 0x1b:
      sawEscape = true
      unfinished.append(byte)
    case 0x07 where state == .osc: return endText()
    case 0x18, 0x1a: toGround()
    default:
      if text.count < Self.textLimit {
        text.append(byte)
        unfinished.append(byte)
      } else if !textIsTooLong {
        textIsTooLong = true
        // Nobody will do anything with it: enough if a reader swallows the rest too.
        unfinished.removeLast(unfinished.count - 2)
      }
    }
    return .none
  }

  private mutating func endText() -> Action {
    let ended = state
    let isWhole = !textIsTooLong
    toGround()
    return !isWhole || ended == .string ? .none : ended == .osc ? .command : .device
  }

  private mutating func ground(_ byte: UInt8) -> Action {
    if missing > 0 {
      if byte & 0xc0 == 0x80 {
        scalar = scalar << 6 | UInt32(byte & 0x3f)
        missing -= 1
        unfinished.append(byte)
        if missing > 0 { return .none }
        unfinished.removeAll(keepingCapacity: true)
        let isScalar = scalar >= lowest && scalar <= 0x10_ffff && !(0xd800...0xdfff).contains(scalar)
        return .character(isScalar ? scalar : 0xfffd)
      }
      // The character is broken off; this byte begins something of its own, which the next call must see.
      missing = 0
      unfinished.removeAll(keepingCapacity: true)
      pushedBack = byte
      return .character(0xfffd)
    }
    switch byte {
    case 0x1b:
      begin(.escape)
      return .none
    case 0..<0x20: return .control(byte)
    case 0x20..<0x7f: return .character(UInt32(byte))
    case 0x7f: return .none
    case 0xc2...0xdf: return lead(byte, byte & 0x1f, 1, 0x80)
    case 0xe0...0xef: return lead(byte, byte & 0x0f, 2, 0x800)
    case 0xf0...0xf4: return lead(byte, byte & 0x07, 3, 0x1_0000)
    default: return .character(0xfffd)
    }
  }

  /// A byte that ended a broken character and is still to be taken.
  var pushedBack: UInt8?

  private mutating func lead(_ byte: UInt8, _ bits: UInt8, _ count: Int, _ lowest: UInt32) -> Action {
    (scalar, missing, self.lowest) = (UInt32(bits), count, lowest)
    unfinished = [byte]
    return .none
  }

  private mutating func begin(_ next: State) {
    state = next
    (marker, intermediate) = (0, 0)
    unfinished = [0x1b]
  }

  private mutating func beginText(_ next: State) {
    state = next
    text.removeAll(keepingCapacity: true)
    (sawEscape, textIsTooLong) = (false, false)
  }

  private mutating func toGround() {
    state = .ground
    unfinished.removeAll(keepingCapacity: true)
  }

  /// Parameter `index`, or `standard` when it was left out or is 0.
  func parameter(_ index: Int, or standard: Int = 1) -> Int {
    index < parameters.count && parameters[index] > 0 ? parameters[index] : standard
  }
}
