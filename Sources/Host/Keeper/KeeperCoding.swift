import Core

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

extension KeeperWriter {
  /// 0 lives, 1 exited, 2 by a signal, 3 unknown; then the code or the number.
  mutating func add(_ end: ProgramEnd?) {
    let (kind, value): (UInt8, Int32) =
      switch end {
      case nil: (0, 0)
      case .exited(let code): (1, code)
      case .signalled(let number): (2, number)
      case .unknown: (3, 0)
      }
    add(kind)
    add(value)
  }
}

extension KeeperReader {
  /// nil: it lives.
  mutating func end() -> ProgramEnd? {
    guard let kind = uint8(), let value = int32() else { return .unknown }
    return switch kind {
    case 0: nil
    case 1: .exited(code: value)
    case 2: .signalled(number: value)
    default: .unknown
    }
  }
}
