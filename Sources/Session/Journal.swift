public import Core
public import NIOCore
import Synchronization

/// What a terminal printed last, under its positions, and how much of each client's input it took: a ring and its head in
/// memory that survives the process (docs/sessions.md, "The journal").
///
/// Appending copies the bytes, then stores the new end: whenever the process dies, what stands there is the stream up to
/// some byte. The ring keeps less than it holds, so that a copy that was interrupted has harmed only what was given up
/// already. It grows with what is written; when the disk is full it stays as large as it is, and the oldest goes.
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
  public init(new store: any DurableBytes, capacity: Int) throws(CmdopError) {
    self.store = store
    let capacity = max(capacity, Self.smallest)
    try store.grow(to: JournalHead.size + Self.smallest)
    JournalHead(store.bytes).format(capacity: capacity)
    inputs = InputLedger(JournalHead(store.bytes).inputs)
  }

  /// One that an earlier process has written. Throws `internal` when it cannot be that.
  public init(reopening store: any DurableBytes) throws(CmdopError) {
    self.store = store
    guard store.bytes.count >= JournalHead.size + Self.smallest else {
      throw CmdopError(.internalError, "the journal is cut short: it has \(store.bytes.count) bytes")
    }
    let head = JournalHead(store.bytes)
    try head.check(allocated: store.bytes.count, smallest: Self.smallest)
    inputs = InputLedger(head.inputs)
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

  public func append(_ bytes: ByteBuffer) {
    bytes.withUnsafeReadableBytes { append($0) }
  }

  public func append(_ bytes: UnsafeRawBufferPointer) {
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

  func takeInput(_ bytes: ByteBuffer, at offset: UInt64, client: String) throws(CmdopError) -> ByteBuffer? {
    try inputs.take(bytes, at: offset, client: client)
  }
  func acceptInput(_ position: UInt64, from client: String) { inputs.accept(position, from: client) }
  func acceptedInput(from client: String) -> UInt64 { inputs.accepted(from: client) }
  func expectInput(_ client: String, from offset: UInt64) { inputs.expect(client, from: offset) }

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

/// The first page of a journal. All integers are of this machine's byte order: a journal never leaves it.
///
/// `fixed` (written once): magic, format, head size, the capacity that was asked for, a checksum of these.
/// `moving`: end, capacity. `inputs`: one slot of 32 bytes for each client.
private struct JournalHead {
  static let size = 4096
  private static let magic: UInt64 = 0x6c6e_726a_706f_6463  // "cdopjrnl"
  private static let format: UInt64 = 1
  private let bytes: UnsafeMutableRawBufferPointer

  /// `bytes` has at least `size` bytes.
  init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

  private func word(_ index: Int) -> UInt64 { bytes.load(fromByteOffset: index * 8, as: UInt64.self) }
  private func set(_ index: Int, _ value: UInt64) {
    bytes.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
  }

  var end: UInt64 { word(8) }
  var capacity: Int { Int(truncatingIfNeeded: word(9)) }
  var inputs: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(rebasing: bytes[1024..<1024 + InputLedger.bytes])
  }

  func format(capacity: Int) {
    bytes[..<Self.size].initializeMemory(as: UInt8.self, repeating: 0)
    for (index, value) in [Self.magic, Self.format, UInt64(Self.size), UInt64(capacity)].enumerated() {
      set(index, value)
    }
    set(4, checksum)
    set(9, UInt64(capacity))
    set(8, 0)
  }

  /// Releasing: the bytes before the end are there before the end says so.
  func store(end: UInt64) {
    guard let base = bytes.baseAddress else { return }
    (base + 64).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(end, ordering: .releasing)
  }

  func shrink(to capacity: Int) { set(9, UInt64(capacity)) }

  func check(allocated: Int, smallest: Int) throws(CmdopError) {
    func refuse(_ why: String) -> CmdopError { CmdopError(.internalError, "the journal is damaged: \(why)") }
    guard word(0) == Self.magic else { throw refuse("it does not begin as a journal does") }
    guard word(1) == Self.format else {
      throw CmdopError(.version, "the journal has format \(word(1)), this cmdop knows \(Self.format)")
    }
    guard word(2) == UInt64(Self.size), word(4) == checksum else {
      throw refuse("its head does not match its checksum")
    }
    let (asked, capacity, ring) = (word(3), word(9), UInt64(allocated - Self.size))
    guard capacity <= asked, capacity >= UInt64(smallest), capacity < UInt64(Int32.max) else {
      throw refuse("its capacity is \(capacity)")
    }
    // In its first lap the file may be shorter than the ring; then nothing can stand beyond its end.
    guard ring >= min(capacity, end), end < 1 << 62 else { throw refuse("\(end) bytes cannot stand in \(ring)") }
  }

  private var checksum: UInt64 {
    (0..<4).reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ word($1)) &* 0x100_0000_01b3 }
  }
}
