public import Core
public import NIOCore

/// How much of each client's input was taken, so that what is sent twice is typed once.
///
/// Two marks per client. `taken` (here): handed to the terminal, not to be handed over again. `accepted` (in memory that
/// survives the process): the kernel has it, and the client may forget it. A daemon that is killed in between leaves the
/// client to send those bytes again: at most what a program that does not read its input has let pile up, 64 KiB.
public struct InputLedger {
  private struct Client {
    var key: UInt64
    var taken: UInt64
    var turn: UInt64
  }
  private var clients: [Client?]
  private var turn: UInt64 = 0
  private let memory: UnsafeMutableRawBufferPointer

  /// Clients that are remembered; the one that typed longest ago is forgotten first.
  static let slots = 64
  private static let stride = 32
  /// Beyond it lies nothing that a person or a program has typed.
  private static let farthest = UInt64(1) << 62
  /// What `memory` must hold.
  public static let bytes = slots * stride

  /// `memory`: at least `bytes`; zero, or as an earlier ledger left it.
  public init(_ memory: UnsafeMutableRawBufferPointer) {
    self.memory = memory
    clients = (0..<Self.slots).map { slot in
      let (key, accepted, turn) = (Self.load(memory, slot, 0), Self.load(memory, slot, 1), Self.load(memory, slot, 2))
      return key == 0 ? nil : Client(key: key, taken: accepted, turn: turn)
    }
    turn = clients.compactMap { $0?.turn }.max() ?? 0
  }

  /// The kernel has this client's input up to here.
  public func accepted(from client: String) -> UInt64 {
    slot(of: client).map { Self.load(memory, $0, 1) } ?? 0
  }

  /// A client that is not known begins at `offset`.
  public mutating func expect(_ client: String, from offset: UInt64) {
    guard slot(of: client) == nil, offset < Self.farthest else { return }
    let free =
      clients.firstIndex { $0 == nil } ?? clients.indices.min { (clients[$0]?.turn ?? 0) < (clients[$1]?.turn ?? 0) }
      ?? 0
    turn &+= 1
    let fresh = Client(key: Self.key(client), taken: offset, turn: turn)
    clients[free] = fresh
    // The key last: a slot that is half written counts for nobody.
    store(0, at: free, 0)
    store(offset, at: free, 1)
    store(turn, at: free, 2)
    store(fresh.key, at: free, 0)
  }

  /// What is new of `bytes`, which begin at `offset`; nil when nothing is. Throws `wrong_state` when bytes are missing
  /// before `offset`: typing on would garble what the user wrote.
  public mutating func take(
    _ bytes: ByteBuffer, at offset: UInt64, client: String
  ) throws(CmdopError) -> ByteBuffer? {
    guard offset < Self.farthest else { throw CmdopError(.badUsage, "no client types its byte \(offset)") }
    expect(client, from: offset)
    guard let slot = slot(of: client), let known = clients[slot]?.taken else { return nil }
    guard offset <= known else {
      throw CmdopError(.wrongState, "input jumps from byte \(known) to \(offset)", hint: "attach again")
    }
    guard known - offset < UInt64(bytes.readableBytes) else { return nil }
    var fresh = bytes
    fresh.moveReaderIndex(forwardBy: Int(known - offset))
    turn &+= 1
    clients[slot]?.taken = offset + UInt64(bytes.readableBytes)
    clients[slot]?.turn = turn
    return fresh
  }

  /// The kernel has this client's input up to `position`.
  public mutating func accept(_ position: UInt64, from client: String) {
    guard let slot = slot(of: client), position > Self.load(memory, slot, 1) else { return }
    store(position, at: slot, 1)
    store(clients[slot]?.turn ?? 0, at: slot, 2)
  }

  private func slot(of client: String) -> Int? {
    let key = Self.key(client)
    return clients.firstIndex { $0?.key == key }
  }

  /// 64 bits of a random UUID, which tell 64 clients apart well enough; never 0, which marks a free slot.
  private static func key(_ client: String) -> UInt64 {
    max(1, client.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
  }

  private static func load(_ memory: UnsafeMutableRawBufferPointer, _ slot: Int, _ word: Int) -> UInt64 {
    memory.load(fromByteOffset: slot * stride + word * 8, as: UInt64.self)
  }
  private func store(_ value: UInt64, at slot: Int, _ word: Int) {
    memory.storeBytes(of: value, toByteOffset: slot * Self.stride + word * 8, as: UInt64.self)
  }
}
