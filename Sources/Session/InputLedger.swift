public import Core
public import NIOCore

/// How much of each client's input was typed, so that what is sent twice is typed once.
///
/// One mark per client, in memory that survives the process. The terminal moves it in the step in which it types
/// (`Terminal.type`), so that it is right also after a kill, and the client sends again from there.
public struct InputLedger {
  private let memory: UnsafeMutableRawBufferPointer
  private var turn: UInt64 = 0

  /// Clients that are remembered; the one that typed longest ago is forgotten first.
  static let slots = 64
  /// Words of 8 bytes in a slot: the client's key (0: free), its mark, its last turn, none.
  private static let stride = 32
  /// Beyond it lies nothing that a person or a program has typed.
  private static let farthest = UInt64(1) << 62
  /// What `memory` must hold.
  public static let bytes = slots * stride

  /// `memory`: at least `bytes`; zero, or as an earlier ledger left it.
  public init(_ memory: UnsafeMutableRawBufferPointer) {
    self.memory = memory
    for slot in 0..<Self.slots where load(slot, 0) != 0 {
      // What is no position was not written by us.
      if load(slot, 1) >= Self.farthest { store(0, at: slot, 0) } else { turn = max(turn, load(slot, 2)) }
    }
  }

  /// This client's input was typed up to here.
  public func typed(from client: String) -> UInt64 { slot(of: client).map { load($0, 1) } ?? 0 }

  /// What `Terminal.type` is to move; nil for a client that is not known (any more). It stands until the next `expect`.
  public func mark(of client: String) -> UnsafeMutablePointer<Int64>? {
    guard let slot = slot(of: client), let base = memory.baseAddress else { return nil }
    return (base + slot * Self.stride + 8).assumingMemoryBound(to: Int64.self)
  }

  /// A client that is not known begins at `offset`. `attached`: who is not forgotten for it, as long as somebody else can be.
  public mutating func expect(_ client: String, from offset: UInt64, attached: () -> [String] = { [] }) {
    guard slot(of: client) == nil, offset < Self.farthest else { return }
    let all = 0..<Self.slots
    func oldest(_ slots: some Sequence<Int>) -> Int? { slots.min { load($0, 2) < load($1, 2) } }
    let free =
      all.first { load($0, 0) == 0 }
      ?? {
        let spared = Set(attached().map(Self.key))
        return oldest(all.filter { !spared.contains(load($0, 0)) }) ?? oldest(all) ?? 0
      }()
    // The key last: a slot that is half written counts for nobody.
    store(0, at: free, 0)
    store(offset, at: free, 1)
    store(nextTurn(), at: free, 2)
    store(Self.key(client), at: free, 0)
  }

  /// What is new of `bytes`, which begin at `offset`; nil when nothing is. Throws `wrong_state` when bytes are missing
  /// before `offset`: typing on would garble what the user wrote.
  public mutating func fresh(
    _ bytes: ByteBuffer, at offset: UInt64, client: String, attached: () -> [String] = { [] }
  ) throws(CmdopError) -> ByteBuffer? {
    guard offset < Self.farthest else { throw CmdopError(.badUsage, "no client types its byte \(offset)") }
    expect(client, from: offset, attached: attached)
    guard let slot = slot(of: client) else { return nil }
    let known = load(slot, 1)
    guard offset <= known else {
      throw CmdopError(.wrongState, "input jumps from byte \(known) to \(offset)", hint: "attach again")
    }
    guard known - offset < UInt64(bytes.readableBytes) else { return nil }
    store(nextTurn(), at: slot, 2)
    var fresh = bytes
    fresh.moveReaderIndex(forwardBy: Int(known - offset))
    return fresh
  }

  private mutating func nextTurn() -> UInt64 {
    turn &+= 1
    return turn
  }

  private func slot(of client: String) -> Int? {
    let key = Self.key(client)
    return (0..<Self.slots).first { load($0, 0) == key }
  }

  /// 64 bits of a random UUID, which tell 64 clients apart well enough; never 0, which marks a free slot.
  private static func key(_ client: String) -> UInt64 {
    max(1, client.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
  }

  private func load(_ slot: Int, _ word: Int) -> UInt64 {
    memory.load(fromByteOffset: slot * Self.stride + word * 8, as: UInt64.self)
  }
  private func store(_ value: UInt64, at slot: Int, _ word: Int) {
    memory.storeBytes(of: value, toByteOffset: slot * Self.stride + word * 8, as: UInt64.self)
  }
}
