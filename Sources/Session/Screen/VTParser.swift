/// Cuts what a program prints into characters, controls and sequences.
///
/// It is Paul Williams' state machine (vt100.net/emu/dec_ansi_parser) as far as ECMA-48 and xterm (ctlseqs) agree with it,
/// with UTF-8 in its ground state. It can say at any moment what is unfinished: bytes that bring another terminal's parser
/// to the same place. Nothing in it grows: what is too long is read to its end and forgotten.
struct VTParser {
  enum State: UInt8 {
    case ground
    /// In a UTF-8 character.
    case character
    case escape
    /// In a control sequence, behind `ESC [`.
    case control
    /// In one that is broken: it is read to its end.
    case broken
    /// In an operating system command, behind `ESC ]`.
    case command
    /// In a device control string, behind `ESC P`.
    case device
    /// In a string that nobody wants, ended by ST.
    case swallowed
    /// In one that also BEL ends.
    case swallowedCommand
  }

  enum Action {
    case none
    case character(UInt32)
    case execute(UInt8)
    /// `ESC`, intermediates, and this.
    case escape(UInt8)
    /// `CSI`, parameters, intermediate, and this.
    case control(UInt8)
    /// `text` is an operating system command.
    case command
    /// `text` is a device control string.
    case device
  }

  var state = State.ground
  /// Where the sequence began and ended that is being taken, counted from the beginning of the present feed.
  var sequenceStart = 0
  var sequenceEnd = 0

  // Of an escape or control sequence.
  var marker: UInt8 = 0
  var intermediate: UInt8 = 0
  var secondIntermediate: UInt8 = 0
  var parameters = [Int](repeating: 0, count: Self.mostParameters)
  var count = 0
  /// Bit n: parameter n stands behind a colon.
  var subparameters: UInt32 = 0
  var value = 0
  var hasBegun = false

  // Of a string.
  var text: [UInt8] = []
  var sawEscape = false
  var sawC2 = false

  // Of a character.
  var partial: [UInt8] = []

  /// xterm takes 30.
  static let mostParameters = 32
  /// Longer than any title, address or request in use; what is longer is a picture or a clipboard.
  static let longestText = 4096
  /// A command that no terminal knows: what stands in for one too long to repeat.
  static let unknownCommand: [UInt8] = Array("99999;".utf8)

  /// Takes bytes from `at` on until something is to be done, or they end. Not for the ground state.
  mutating func advance(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Action {
    switch state {
    case .ground: .none
    case .character: continueCharacter(bytes, &at)
    case .escape: takeEscape(bytes, &at)
    case .control, .broken: takeControl(bytes, &at)
    case .command, .device, .swallowed, .swallowedCommand: takeString(bytes, &at)
    }
  }

  /// An ESC stood at `at`.
  mutating func beginEscape(at: Int) {
    state = .escape
    (intermediate, secondIntermediate) = (0, 0)
    sequenceStart = at
  }

  /// A C1 control came as a character: it is the same as ESC and a letter.
  mutating func beginC1(_ scalar: UInt32) -> Action {
    beginEscape(at: sequenceStart)
    return beginOrEnd(UInt8(truncatingIfNeeded: scalar &- 0x40), sequenceStart + 2)
  }

  // MARK: escape sequences

  private mutating func takeEscape(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Action {
    let byte = bytes[at]
    // A character of UTF-8 breaks the sequence off; it is looked at again.
    if byte >= 0x80 {
      state = .ground
      return .none
    }
    at += 1
    switch byte {
    case 0x1b: beginEscape(at: at - 1)
    case 0x18, 0x1a: state = .ground
    case 0..<0x20: return .execute(byte)
    case 0x20..<0x30:
      if intermediate == 0 { intermediate = byte } else if secondIntermediate == 0 { secondIntermediate = byte }
    case 0x7f: break
    default: return beginOrEnd(byte, at)
    }
    return .none
  }

  private mutating func beginOrEnd(_ byte: UInt8, _ at: Int) -> Action {
    guard intermediate == 0 else {
      (state, sequenceEnd) = (.ground, at)
      return .escape(byte)
    }
    switch byte {
    case UInt8(ascii: "["):
      state = .control
      (marker, count, subparameters, value, hasBegun) = (0, 0, 0, 0, false)
    case UInt8(ascii: "]"): beginString(.command)
    case UInt8(ascii: "P"): beginString(.device)
    case UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"): beginString(.swallowed)
    default:
      (state, sequenceEnd) = (.ground, at)
      return .escape(byte)
    }
    return .none
  }

  // MARK: control sequences

  private mutating func takeControl(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Action {
    while at < bytes.count {
      let byte = bytes[at]
      if byte >= 0x80 {
        state = .ground
        return .none
      }
      at += 1
      switch byte {
      case 0x30...0x39:
        hasBegun = true
        if intermediate != 0 { state = .broken }
        value = min(value * 10 + Int(byte - 0x30), 65535)
      case 0x3a, 0x3b:
        hasBegun = true
        if intermediate != 0 { state = .broken }
        endParameter()
        if byte == 0x3a, count < Self.mostParameters { subparameters |= 1 << UInt32(count) }
      case 0x3c...0x3f:
        if hasBegun { state = .broken } else { (marker, hasBegun) = (byte, true) }
      case 0x20..<0x30:
        hasBegun = true
        if intermediate == 0 { intermediate = byte } else { state = .broken }
      case 0x40..<0x7f:
        let isWhole = state == .control
        endParameter()
        (state, sequenceEnd) = (.ground, at)
        return isWhole ? .control(byte) : .none
      case 0x1b:
        beginEscape(at: at - 1)
        return .none
      case 0x18, 0x1a:
        state = .ground
        return .none
      case 0x7f: break
      default: return .execute(byte)
      }
    }
    return .none
  }

  private mutating func endParameter() {
    if count < Self.mostParameters {
      parameters[count] = value
      count += 1
    }
    value = 0
  }

  /// Parameter `index`, or `standard` when it was left out or is 0.
  func parameter(_ index: Int, or standard: Int = 1) -> Int {
    index < count && parameters[index] > 0 ? parameters[index] : standard
  }

  /// Whether parameter `index` belongs to the one before it.
  func isSubparameter(_ index: Int) -> Bool { index < 32 && subparameters >> UInt32(index) & 1 == 1 }
}
