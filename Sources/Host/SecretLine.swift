/// A line that is typed without being shown: backspace and Ctrl-U take back, Ctrl-C gives up.
public struct SecretLine: Sendable {
  public enum Outcome: Hashable, Sendable {
    case line(String)
    case cancelled
  }

  private var bytes: [UInt8] = []
  /// What is longer is cut off there: no secret that people type is.
  private static let bound = 1024

  public init() {}

  /// The end of the line, once it is there; what follows in the same piece is dropped.
  public mutating func take(_ piece: some Sequence<UInt8>) -> Outcome? {
    for byte in piece {
      switch byte {
      case 10, 13: return .line(String(decoding: bytes, as: UTF8.self))
      case 3: return .cancelled
      case 4: return bytes.isEmpty ? .cancelled : .line(String(decoding: bytes, as: UTF8.self))
      case 8, 127:
        while let last = bytes.popLast(), last & 0xc0 == 0x80 {}  // the whole of a character
      case 21: bytes = []
      case 0..<32: break
      default: if bytes.count < Self.bound { bytes.append(byte) }
      }
    }
    return nil
  }
}
