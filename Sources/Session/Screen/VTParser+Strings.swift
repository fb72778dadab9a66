/// Strings (OSC, DCS, and those that nobody reads), and what is unfinished.
extension VTParser {
  mutating func beginString(_ kind: State) {
    state = kind
    text.removeAll(keepingCapacity: text.capacity <= 256)
    (sawEscape, sawC2) = (false, false)
  }

  mutating func takeString(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Action {
    while at < bytes.count {
      let byte = bytes[at]
      if sawEscape {
        sawEscape = false
        if byte == UInt8(ascii: "\\") {
          at += 1
          return endString(at)
        }
        // Another sequence begins: the string is cancelled, as in xterm.
        beginEscape(at: at - 1)
        return .none
      }
      at += 1
      if sawC2 {
        sawC2 = false
        // ST as one character.
        if byte == 0x9c { return endString(at) }
        keep(0xc2)
      }
      switch byte {
      case 0x1b: sawEscape = true
      case 0xc2: sawC2 = true
      case 0x18, 0x1a:
        state = .ground
        return .none
      case 0x07 where state == .command || state == .swallowedCommand: return endString(at)
      case 0..<0x20, 0x7f: break
      default: keep(byte)
      }
    }
    return .none
  }

  private mutating func endString(_ at: Int) -> Action {
    let kind = state
    (state, sequenceEnd) = (.ground, at)
    return kind == .command ? .command : kind == .device ? .device : .none
  }

  private mutating func keep(_ byte: UInt8) {
    guard state == .command || state == .device else { return }
    text.append(byte)
    if text.count > Self.longestText || state == .command && text == Self.unknownCommand {
      beginString(state == .command ? .swallowedCommand : .swallowed)
    }
  }

  /// What brings another terminal's parser to where this one is, without asking anything that was not asked.
  var unfinished: [UInt8] {
    let escape: [UInt8] = [0x1b]
    let tail: [UInt8] = (sawC2 ? [0xc2] : []) + (sawEscape ? escape : [])
    switch state {
    case .ground: return []
    case .character: return partial
    case .escape: return escape + [intermediate, secondIntermediate].filter { $0 != 0 }
    case .control: return escape + unfinishedControl
    case .broken: return escape + Array("[0?".utf8)
    case .command: return escape + Array("]".utf8) + text + tail
    case .device: return escape + Array("P".utf8) + text + tail
    // A privacy message: every terminal swallows it.
    case .swallowed: return escape + Array("^".utf8) + tail
    case .swallowedCommand: return escape + Array("]".utf8) + Self.unknownCommand + tail
    }
  }

  private var unfinishedControl: [UInt8] {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    if marker != 0 { bytes.append(marker) }
    for index in 0..<count {
      bytes += String(parameters[index]).utf8
      let isSub = isSubparameter(index + 1) && index + 1 < Self.mostParameters
      bytes.append(isSub ? UInt8(ascii: ":") : UInt8(ascii: ";"))
    }
    if hasBegun, value > 0 || count == 0 && marker == 0 { bytes += String(value).utf8 }
    if intermediate != 0 { bytes.append(intermediate) }
    return bytes
  }
}
