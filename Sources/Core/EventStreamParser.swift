/// One event of a stream (WHATWG "server-sent events"): its name, empty for none, and its data.
public struct StreamEvent: Hashable, Sendable {
  public var name = ""
  public var data: [UInt8] = []
}

/// Takes an event stream apart, wherever the network has cut it: in a line, between CR and LF, in a character.
public struct EventStreamParser: Sendable {
  /// An event that is larger is no piece of a model's answer.
  public static let largestEvent = 4 * 1024 * 1024

  private let largest: Int
  private var line: [UInt8] = []
  private var event = StreamEvent()
  private var hasData = false
  private var endedWithReturn = false
  private var isFirstLine = true

  /// `largest`: bytes of one event.
  public init(largest: Int = largestEvent) { self.largest = largest }

  /// Hands each complete event to `each`. False: an event is larger than may be, and the rest cannot be read.
  public mutating func take<E: Error>(_ bytes: ArraySlice<UInt8>, _ each: (StreamEvent) throws(E) -> Void) throws(E)
    -> Bool
  {
    for byte in bytes {
      let followsReturn = endedWithReturn
      endedWithReturn = false
      switch byte {
      case UInt8(ascii: "\n") where followsReturn: continue
      case UInt8(ascii: "\n"): try endLine(each)
      case UInt8(ascii: "\r"):
        endedWithReturn = true
        try endLine(each)
      default:
        if line.count + event.data.count >= largest { return false }
        line.append(byte)
      }
    }
    return true
  }

  private mutating func endLine<E: Error>(_ each: (StreamEvent) throws(E) -> Void) throws(E) {
    defer { line.removeAll(keepingCapacity: true) }
    if isFirstLine {
      isFirstLine = false
      if line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
    }
    if line.isEmpty {
      defer { (event, hasData) = (StreamEvent(), false) }
      if hasData { try each(event) }
      return
    }
    let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
    var value = line[min(colon + 1, line.endIndex)...]
    if value.first == UInt8(ascii: " ") { value.removeFirst() }
    let field = line[..<colon]
    if field.elementsEqual("data".utf8) {
      if hasData { event.data.append(UInt8(ascii: "\n")) }
      event.data += value
      hasData = true
    } else if field.elementsEqual("event".utf8) {
      event.name = String(decoding: value, as: UTF8.self)
    }
    // Comments begin with a colon; other fields mean nothing here.
  }
}
