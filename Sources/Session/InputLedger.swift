public import Core
public import NIOCore

/// How much of each client's input was taken, so that what is sent twice is typed once.
public struct InputLedger: Sendable {
  private var accepted: [String: UInt64] = [:]
  private var order: [String] = []
  /// Clients that are remembered; the one that came first is forgotten first.
  private static let clients = 256

  public init() {}

  /// Input of this client up to here was taken.
  public func accepted(from client: String) -> UInt64 { accepted[client] ?? 0 }

  /// A client that is not known begins at `offset`.
  public mutating func expect(_ client: String, from offset: UInt64) {
    guard accepted[client] == nil else { return }
    if order.count >= Self.clients { accepted[order.removeFirst()] = nil }
    order.append(client)
    accepted[client] = offset
  }

  /// What is new of `bytes`, which begin at `offset`; nil when nothing is. Throws `wrong_state` when bytes are missing
  /// before `offset`: typing on would garble what the user wrote.
  public mutating func fresh(
    of bytes: ByteBuffer, at offset: UInt64, client: String
  ) throws(CmdopError) -> ByteBuffer? {
    expect(client, from: offset)
    let known = accepted(from: client)
    guard offset <= known else {
      throw CmdopError(.wrongState, "input jumps from byte \(known) to \(offset)", hint: "attach again")
    }
    var fresh = bytes
    guard known - offset < UInt64(bytes.readableBytes) else { return nil }
    fresh.moveReaderIndex(forwardBy: Int(known - offset))
    accepted[client] = offset + UInt64(bytes.readableBytes)
    return fresh
  }
}
