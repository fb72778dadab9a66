/// What has left the screen at the top: lines as they would be printed, the oldest forgotten.
struct ScreenHistory {
  /// Lines, each with its end.
  private var bytes: [UInt8] = []
  private var end = 0
  let limit: Int

  /// The line ends here.
  static let hardEnd: UInt8 = 0x0a
  /// The row was full, the line goes on in the next one.
  static let softEnd: UInt8 = 0x0b

  init(limit: Int) { self.limit = max(limit, 1024) }

  /// A full row of many colours may take more than this is worth.
  var longestLine: Int { limit / 2 }

  /// Lets `body` write a line of at most `most` bytes, without its end. It returns how many there are.
  mutating func append(atMost most: Int, isWrapped: Bool, _ body: (UnsafeMutableRawBufferPointer) -> Int) {
    guard most < longestLine else { return }
    makeRoom(most + 1)
    let start = end
    let length = bytes.withUnsafeMutableBytes { all in
      let count = body(UnsafeMutableRawBufferPointer(rebasing: all[start..<start + most]))
      let length = min(max(count, 0), most)
      all[start + length] = isWrapped ? Self.softEnd : Self.hardEnd
      return length + 1
    }
    end = start + length
  }

  mutating func append(_ line: [UInt8], isWrapped: Bool) {
    append(atMost: line.count, isWrapped: isWrapped) { room in
      room.copyBytes(from: line)
      return line.count
    }
  }

  /// Bytes of memory.
  var allocated: Int { bytes.capacity }

  mutating func clear() { (bytes, end) = ([], 0) }

  /// The newest lines that take no more than `most` bytes.
  func newest(_ most: Int) -> ArraySlice<UInt8> { bytes[start(most)..<end] }
  var lines: ArraySlice<UInt8> { newest(limit) }

  private func start(_ most: Int) -> Int {
    if end <= most { return 0 }
    // A line counts only when it is there from its beginning.
    var at = end - max(most, 0)
    while at < end, bytes[at - 1] > Self.softEnd || bytes[at - 1] < Self.hardEnd { at += 1 }
    return at
  }

  /// Room for a quarter more than is kept, so that bytes move seldom.
  private mutating func makeRoom(_ count: Int) {
    guard end + count > bytes.count else { return }
    let most = limit + limit / 4
    if end + count > most {
      let kept = start(limit - count)..<end
      bytes.withUnsafeMutableBytes { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[kept])) }
      end = kept.count
    }
    if end + count > bytes.count {
      let size = min(max(2 * bytes.count, end + count, 2048), most)
      bytes += [UInt8](repeating: 0, count: size - bytes.count)
    }
  }
}
