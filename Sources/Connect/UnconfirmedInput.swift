import Core
public import NIOCore

/// What was typed and is not known to have reached the program: kept, so that it can be sent again after a lost connection.
public struct UnconfirmedInput: Sendable {
  private var held = ByteBuffer()
  /// Position of the first byte that is held.
  public private(set) var start: UInt64 = 0

  public init() {}

  /// Position of the next byte that will be typed.
  public var end: UInt64 { start + UInt64(held.readableBytes) }

  /// How many bytes may still be kept.
  public var room: Int { Limits.unconfirmedInput - held.readableBytes }

  /// Keeps what was typed. False when the bound (64 KiB) is reached: then nothing was taken.
  public mutating func append(_ bytes: [UInt8]) -> Bool {
    guard bytes.count <= room else { return false }
    held.writeBytes(bytes)
    return true
  }

  /// Everything before `position` has reached the program.
  public mutating func confirm(_ position: UInt64) {
    guard position > start else { return }
    let count = min(Int(clamping: position - start), held.readableBytes)
    held.moveReaderIndex(forwardBy: count)
    start += UInt64(count)
    if held.readableBytes == 0 { held.clear() } else { held.discardReadBytes() }
  }

  /// What must be sent again.
  public var unsent: ByteBuffer { held }
}
