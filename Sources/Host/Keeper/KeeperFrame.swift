/// What daemon and keeper say to each other: a length (4 bytes, of what follows), a kind, a tag that an answer repeats, and
/// a body. All integers little-endian. A frame whose body is longer than its reader knows is of a newer version: the rest
/// is ignored. `docs/sessions.md`, "The keeper", lists the kinds.
struct KeeperFrame: Equatable {
  enum Kind: UInt8 {
    /// daemon → keeper. `welcome` answers.
    case hello = 1
    case spawn = 2
    case list = 3
    case signal = 4
    case forget = 5
    case setNote = 6
    case retire = 7
    /// keeper → daemon. `done` carries an errno; `spawned` and `kept` come with a descriptor; `ended` is not asked for.
    case welcome = 64
    case done = 65
    case spawned = 66
    case kept = 67
    case listEnd = 68
    case ended = 69
  }

  var kind: UInt8
  var tag: UInt32
  var body: [UInt8]

  init(_ kind: Kind, tag: UInt32, _ body: [UInt8] = []) {
    (self.kind, self.tag, self.body) = (kind.rawValue, tag, body)
  }

  /// Spoken by this program. A keeper of another version serves what it knows and refuses the rest with ENOSYS.
  static let version: UInt32 = 1
  /// An environment may be large; nothing else is.
  static let limit = 1024 * 1024

  var bytes: [UInt8] {
    var writer = KeeperWriter()
    writer.add(UInt32(body.count + 5))
    writer.add(kind)
    writer.add(tag)
    return writer.bytes + body
  }

  /// Takes the first whole frame off `bytes`; nil while there is none. False in `intact`: no frame of ours begins there.
  static func take(from bytes: inout [UInt8], intact: inout Bool) -> KeeperFrame? {
    var reader = KeeperReader(bytes)
    guard let length = reader.uint32() else { return nil }
    guard length >= 5, length <= limit else {
      intact = false
      return nil
    }
    guard bytes.count >= 4 + Int(length), let kind = reader.uint8(), let tag = reader.uint32() else { return nil }
    var frame = KeeperFrame(.done, tag: tag, Array(bytes[9..<4 + Int(length)]))
    frame.kind = kind
    bytes.removeFirst(4 + Int(length))
    return frame
  }
}

struct KeeperWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }
  mutating func add(_ text: String) { add(Array(text.utf8)) }
  mutating func add(_ data: [UInt8]) {
    add(UInt32(data.count))
    bytes += data
  }
  mutating func add(_ texts: [String]) {
    add(UInt32(texts.count))
    for text in texts { add(text) }
  }
}

/// Reads what a writer wrote; nil for whatever is not there.
struct KeeperReader {
  private let bytes: [UInt8]
  private var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private mutating func integer<T: FixedWidthInteger>(_ kind: T.Type) -> T? {
    let size = MemoryLayout<T>.size
    guard bytes.count - at >= size else { return nil }
    defer { at += size }
    return bytes.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: at, as: T.self)) }
  }
  mutating func uint8() -> UInt8? { integer(UInt8.self) }
  mutating func uint16() -> UInt16? { integer(UInt16.self) }
  mutating func uint32() -> UInt32? { integer(UInt32.self) }
  mutating func int32() -> Int32? { integer(Int32.self) }
  mutating func int64() -> Int64? { integer(Int64.self) }
  mutating func data() -> [UInt8]? {
    guard let count = uint32(), bytes.count - at >= Int(count) else { return nil }
    defer { at += Int(count) }
    return Array(bytes[at..<at + Int(count)])
  }
  mutating func text() -> String? { data().map { String(decoding: $0, as: UTF8.self) } }
  mutating func texts() -> [String]? {
    guard let count = uint32(), count <= 65_536 else { return nil }
    var all: [String] = []
    for _ in 0..<count {
      guard let text = text() else { return nil }
      all.append(text)
    }
    return all
  }
}
