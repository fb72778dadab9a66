/// Cuts what arrives into lines. Memory is bounded: of a line that is too long only the fact is kept.
public struct LineSplitter: Sendable {
  public enum Piece: Hashable, Sendable {
    /// Without its end; never blank.
    case line([UInt8])
    /// It had more bytes than are taken.
    case tooLong
  }

  private let longest: Int
  private var rest: [UInt8] = []
  private var isTooLong = false

  public init(longest: Int = RPCMessage.longest) { self.longest = longest }

  /// The lines that end in `bytes`.
  public mutating func take(_ bytes: some Collection<UInt8>) -> [Piece] {
    var pieces: [Piece] = []
    var begin = bytes.startIndex
    while let end = bytes[begin...].firstIndex(of: 10) {
      append(bytes[begin..<end])
      flush(into: &pieces)
      begin = bytes.index(after: end)
    }
    append(bytes[begin...])
    return pieces
  }

  /// What stands after the last line feed, when nothing follows any more.
  public mutating func finish() -> [Piece] {
    var pieces: [Piece] = []
    flush(into: &pieces)
    return pieces
  }

  private mutating func append(_ bytes: some Collection<UInt8>) {
    if isTooLong { return }
    guard rest.count + bytes.count <= longest else { (rest, isTooLong) = ([], true); return }
    rest.append(contentsOf: bytes)
  }

  private mutating func flush(into pieces: inout [Piece]) {
    defer { (rest, isTooLong) = ([], false) }
    if isTooLong { return pieces.append(.tooLong) }
    if rest.last == 13 { rest.removeLast() }
    if !rest.allSatisfy({ $0 == 32 || $0 == 9 || $0 == 13 }) { pieces.append(.line(rest)) }
  }
}
