import Core
import Synchronization

/// The first two pages of a journal. All integers are of this machine's byte order: a journal never leaves it.
///
/// Words of 8 bytes. 0 to 4, `fixed` (written once): magic, format, size of the head, the capacity that was asked for, a
/// checksum of these and of the session's id, which stands at byte 128. 8 to 10, `moving`: end, capacity, landed. From
/// byte 1024: one slot of 32 bytes for each client's input. The second page is the landing place.
struct JournalHead {
  static let size = 8192
  private static let magic: UInt64 = 0x6c6e_726a_706f_6463  // "cdopjrnl"
  private static let format: UInt64 = 2
  private static let idPlace = 128..<192
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

  func format(_ id: SessionID, capacity: Int) {
    bytes[..<Self.size].initializeMemory(as: UInt8.self, repeating: 0)
    for (index, value) in [Self.magic, Self.format, UInt64(Self.size), UInt64(capacity)].enumerated() {
      set(index, value)
    }
    bytes[Self.idPlace].copyBytes(from: Self.idBytes(id))
    set(4, checksum)
    set(9, UInt64(capacity))
    clearLanding()
  }

  /// Releasing: the bytes before the end are there before the end says so.
  func store(end: UInt64) {
    guard let base = bytes.baseAddress else { return }
    (base + 64).assumingMemoryBound(to: Atomic<UInt64>.self).pointee.store(end, ordering: .releasing)
  }

  func shrink(to capacity: Int) { set(9, UInt64(capacity)) }

  func check(_ id: SessionID, named name: String, allocated: Int, smallest: Int) throws(CmdopError) {
    func refuse(_ why: String) -> CmdopError { CmdopError(.internalError, "\(name) is damaged: \(why)") }
    guard word(0) == Self.magic else { throw refuse("it does not begin as a journal does") }
    guard word(1) == Self.format else {
      throw CmdopError(.version, "\(name) has format \(word(1)), this cmdop knows \(Self.format)")
    }
    guard word(2) == UInt64(Self.size), word(4) == checksum else {
      throw refuse("its head does not match its checksum")
    }
    guard Array(bytes[Self.idPlace]) == Self.idBytes(id) else { throw refuse("it is the journal of another session") }
    let (asked, capacity, ring) = (word(3), word(9), UInt64(allocated - Self.size))
    guard capacity <= asked, capacity >= UInt64(smallest), capacity < UInt64(Int32.max) else {
      throw refuse("its capacity is \(capacity)")
    }
    // In its first lap the file may be shorter than the ring; then nothing can stand beyond its end.
    guard ring >= min(capacity, end), end < 1 << 62 else { throw refuse("\(end) bytes cannot stand in \(ring)") }
  }

  private var checksum: UInt64 {
    ((0..<4).map(word) + (Self.idPlace.lowerBound / 8..<Self.idPlace.upperBound / 8).map(word))
      .reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ $1) &* 0x100_0000_01b3 }
  }

  private static func idBytes(_ id: SessionID) -> [UInt8] {
    let text = Array(id.rawValue.utf8.prefix(idPlace.count))
    return text + [UInt8](repeating: 0, count: idPlace.count - text.count)
  }
}

/// The landing place: a read(2) of the terminal puts its bytes here, in the file, and they are appended from here. A
/// process that is killed in between leaves them, and the next one appends them.
///
/// Nobody writes down how many came, for nobody lives to do so. Therefore the place is filled with a pattern before, of
/// bytes that UTF-8 never has: what differs has come. (Of binary output whose last byte happens to be the pattern's, one
/// time in 256, that byte is missed.)
extension JournalHead {
  var landing: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: bytes[4096..<8192]) }

  /// What has landed and was not appended. `landed` is the end of the stream when the place was last cleared.
  var leftInLanding: [UInt8] {
    let (landed, end) = (word(10), end)
    guard let last = landing.indices.last(where: { landing[$0] != Self.pattern[$0] }), landed <= end,
      end - landed <= UInt64(last)
    else { return [] }
    return Array(landing[Int(end - landed)...last])
  }

  /// Ready for the next read. Between any two steps of it a process may be killed: first the end is stored, then the
  /// place cleared, then `landed` stored, and never in another order.
  func clearLanding(_ count: Int = 4096) {
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    Self.pattern.withUnsafeBytes { landing.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    atomicMemoryFence(ordering: .acquiringAndReleasing)
    set(10, end)
  }

  private static let pattern: [UInt8] = (0..<4096).map { index in
    let never: [UInt8] = [0xc0, 0xc1, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff]
    return never[(index * 5 + index / 13) % never.count]
  }
}
