public import Core
public import NIOCore

/// What a terminal printed last, under its positions, and how much of each client's input it took: a ring and its head in
/// memory that survives the process (docs/sessions.md, "The journal").
///
/// Appending copies the bytes, then stores the new end: whenever the process dies, what stands there is the stream up to
/// some byte. The ring keeps less than it holds, so that a copy that was interrupted has harmed only what was given up
/// already. It grows with what is written; when the disk is full it stays as large as it is, and the oldest goes.
/// What a terminal's read has brought and a killed process has not appended is found in the landing place.
@Loop
public final class Journal {
  private let store: any DurableBytes
  /// Told once when the disk is full and the ring stays smaller than it was meant to be; in bytes.
  public var whenCramped: (@Loop (Int) -> Void)?
  private var inputs: InputLedger

  /// The most that is copied before the end is stored; so much of a full ring does not count as kept.
  private nonisolated static let piece = 64 * 1024
  private nonisolated static let smallest = 128 * 1024

  /// A new one. `capacity`: bytes of the ring, at least 128 KiB. Throws `limit` when the disk is full.
  public init(new store: any DurableBytes, of id: SessionID, capacity: Int) throws(CmdopError) {
    self.store = store
    let capacity = max(capacity, Self.smallest)
    try store.grow(to: JournalHead.size + Self.smallest)
    JournalHead(store.bytes).format(id, capacity: capacity)
    inputs = InputLedger(JournalHead(store.bytes).inputs)
  }

  /// The one that an earlier process has written for this session. Throws `internal` when it cannot be that.
  public init(reopening store: any DurableBytes, of id: SessionID) throws(CmdopError) {
    self.store = store
    guard store.bytes.count >= JournalHead.size + Self.smallest else {
      throw CmdopError(.internalError, "\(store.name) is cut short: it has \(store.bytes.count) bytes")
    }
    let head = JournalHead(store.bytes)
    try head.check(id, named: store.name, allocated: store.bytes.count, smallest: Self.smallest)
    inputs = InputLedger(head.inputs)
    // What was read last, if nobody lived to append it.
    let left = head.leftInLanding
    left.withUnsafeBytes { append($0) }
    head.clearLanding()
  }

  /// What a file must be able to hold for a ring of so many bytes.
  public nonisolated static func fileSize(capacity: Int) -> Int { JournalHead.size + max(capacity, smallest) }

  private var head: JournalHead { JournalHead(store.bytes) }
  private var ring: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: store.bytes[JournalHead.size...])
  }

  /// The position after the last byte: how many were ever written.
  public var end: UInt64 { head.end }
  /// The oldest position that is kept.
  public var start: UInt64 { end - min(end, UInt64(head.capacity - Self.piece)) }

  /// Where the reads of the session's terminal may arrive.
  public var landing: LandingPlace { LandingPlace(head.landing, of: store) }

  public func append(_ bytes: ByteBuffer) {
    bytes.withUnsafeReadableBytes { append($0) }
  }

  public func append(_ bytes: UnsafeRawBufferPointer) {
    defer { head.clearLanding(bytes.baseAddress == UnsafeRawPointer(head.landing.baseAddress) ? bytes.count : 0) }
    var rest = bytes
    while !rest.isEmpty {
      let end = head.end
      makeRoom(until: end + UInt64(min(rest.count, Self.piece)))
      let at = Int(end % UInt64(head.capacity))
      let count = min(rest.count, Self.piece, head.capacity - at)
      UnsafeMutableRawBufferPointer(rebasing: ring[at..<at + count])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<count]))
      head.store(end: end + UInt64(count))
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  /// In the first lap the file follows what is written. Nothing was overwritten yet, so what is there stays where it is.
  private func makeRoom(until position: UInt64) {
    let capacity = head.capacity
    guard ring.count < capacity, position > UInt64(ring.count) else { return }
    do { try store.grow(to: JournalHead.size + min(ring.count * 4, capacity)) } catch {
      head.shrink(to: ring.count)
      whenCramped?(ring.count)
    }
  }

  /// Up to `limit` bytes from a position on; nil when that position is no longer kept. Empty at the end.
  public func read(from position: UInt64, limit: Int) -> ByteBuffer? {
    let end = end
    guard position >= start else { return nil }
    guard position < end else { return ByteBuffer() }
    let at = Int(position % UInt64(head.capacity))
    let count = min(limit, Int(clamping: end - position), head.capacity - at)
    return ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: ring[at..<at + count]))
  }

  // MARK: input; see InputLedger

  func freshInput(
    _ bytes: ByteBuffer, at offset: UInt64, client: String, attached: () -> [String]
  ) throws(CmdopError) -> ByteBuffer? {
    try inputs.fresh(bytes, at: offset, client: client, attached: attached)
  }
  func inputMark(of client: String) -> UnsafeMutablePointer<Int64>? { inputs.mark(of: client) }
  func typedInput(from client: String) -> UInt64 { inputs.typed(from: client) }
  func expectInput(_ client: String, from offset: UInt64, attached: () -> [String]) {
    inputs.expect(client, from: offset, attached: attached)
  }

  /// Lets `body` see what stands there from a position on, up to another or the end, in at most two pieces, uncopied.
  func withBytes(from position: UInt64, to limit: UInt64 = .max, _ body: (UnsafeRawBufferPointer) -> Void) {
    var position = max(position, start)
    let end = min(end, limit)
    while position < end {
      let at = Int(position % UInt64(head.capacity))
      let count = min(Int(end - position), head.capacity - at)
      body(UnsafeRawBufferPointer(rebasing: ring[at..<at + count]))
      position += UInt64(count)
    }
  }
}
