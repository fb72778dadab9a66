import Core
import NIOCore
import SwiftProtobuf

/// gRPC's length-prefixed messages (gRPC over HTTP/2, "Length-Prefixed-Message"): 1 byte flag, 4 bytes length, message.
struct MessageDecoder {
  private var held = ByteBuffer()
  /// The largest message, in bytes.
  var limit = Limits.message

  /// What has arrived and is no whole message yet.
  var rest: ByteBuffer { held }

  mutating func feed(_ bytes: inout ByteBuffer) {
    if held.readableBytes == 0 { held = bytes } else { held.writeBuffer(&bytes) }
  }

  mutating func next() throws(CmdopError) -> ByteBuffer? {
    guard let flag = held.getInteger(at: held.readerIndex, as: UInt8.self),
      let length = held.getInteger(at: held.readerIndex + 1, as: UInt32.self)
    else { return nil }
    if flag != 0 { throw CmdopError(.unsupported, "compressed messages are not supported") }
    if length > limit {
      throw CmdopError(
        .limit,
        "a message of \(length) bytes is larger than the limit of \(limit) bytes\(limit == Limits.message ? " (4 MiB)" : "")"
      )
    }
    guard held.readableBytes >= 5 + Int(length) else {
      held.discardReadBytes()
      return nil
    }
    held.moveReaderIndex(forwardBy: 5)
    let message = held.readSlice(length: Int(length))
    if held.readableBytes == 0 { held = ByteBuffer() }
    return message
  }
}

enum MessageEncoder {
  static func frame(_ message: some SwiftProtobuf.Message) throws(CmdopError) -> ByteBuffer {
    let bytes: [UInt8]
    do { bytes = try message.serializedBytes() } catch {
      throw CmdopError(.internalError, "a message could not be encoded: \(error)")
    }
    return try frame(bytes)
  }

  static func frame(_ bytes: some Collection<UInt8>) throws(CmdopError) -> ByteBuffer {
    if bytes.count > Limits.message {
      throw CmdopError(
        .limit, "a message of \(bytes.count) bytes is larger than the limit of \(Limits.message) bytes (4 MiB)")
    }
    var frame = ByteBuffer()
    frame.reserveCapacity(5 + bytes.count)
    frame.writeInteger(0 as UInt8)
    frame.writeInteger(UInt32(bytes.count))
    frame.writeBytes(bytes)
    return frame
  }
}
