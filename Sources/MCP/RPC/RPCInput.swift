import Core

/// What arrives: one message, or a batch of them (JSON-RPC 2.0, section 6), which revision 2025-03-26 has.
enum RPCInput: Sendable {
  case one(RPCMessage)
  /// Not read yet: each element is a fault of its own.
  case batch([JSON])

  static func read(
    _ bytes: some Sequence<UInt8>, deepest: Int = JSON.deepest
  ) throws(RPCMessage.Fault) -> RPCInput {
    let json: JSON
    do throws(CmdopError) { json = try JSON(parsing: bytes, deepest: deepest) } catch {
      throw RPCMessage.Fault(id: nil, error: .parse(error.message))
    }
    return if let elements = json.array { .batch(elements) } else { .one(try RPCMessage.read(json)) }
  }

  /// The messages in it that can be read.
  var readable: [RPCMessage] {
    switch self {
    case .one(let message): [message]
    case .batch(let elements): elements.compactMap { try? RPCMessage.read($0) }
    }
  }
}
