import Core

/// The messages of one answer, or of one stream of events, until their reader takes them.
@Loop
final class Outbox: ReplySink {
  /// What may wait. A reader who lets more wait has lost his stream: one message fits always, whatever its size.
  private static let most = 4 << 20
  /// Beyond it the reader is behind: what may be left out is, and whoever puts many waits.
  private static let behind = 256 << 10

  private struct Letter {
    let message: JSON
    let bytes: [UInt8]
    let isResponse: Bool
  }

  /// What is answered, and so ends it.
  enum Errand: Hashable, Sendable {
    case request(RPCID)
    case batch
    /// Nothing: it is a stream without an end of its own.
    case none
  }
  private let errand: Errand
  private var waiting: [Letter] = []
  /// Of what waits, and of what is being written.
  private var bytes = 0
  /// Nothing more is put.
  private var isSealed = false
  /// Nobody reads any more.
  private var isDropped = false
  private let news = Turnstile()

  init(answering errand: Errand) { self.errand = errand }

  func put(_ message: JSON) {
    if isSealed { return }
    let letter = Letter(message: message, bytes: message.bytes, isResponse: isResponse(message))
    guard bytes == 0 || bytes + letter.bytes.count <= Self.most else { return drop() }
    waiting.append(letter)
    bytes += letter.bytes.count
    if letter.isResponse { isSealed = true }
    news.wake()
  }

  func mention(_ message: JSON) { if bytes <= Self.behind { put(message) } }

  func drained() async { try? await news.wait { bytes <= Self.behind || isDropped } }

  /// Nothing more is put; what waits is still read.
  func seal() {
    isSealed = true
    news.wake()
  }

  /// Nobody reads any more.
  func drop() {
    (isSealed, isDropped, waiting, bytes) = (true, true, [], 0)
    news.wake()
  }

  private func isResponse(_ message: JSON) -> Bool {
    switch errand {
    case .request(let id): message["method"] == nil && message["id"] == id.json
    case .batch: message.array != nil
    case .none: false
    }
  }

  // MARK: the reader

  private var hasNews: Bool { !waiting.isEmpty || isSealed }

  private func untilNews() async { try? await news.wait { hasNews } }

  /// Returns when there is something to read, nothing more will come, or so much time is over.
  func waitForNews(atMost time: Duration) async {
    if hasNews { return }
    await withTaskGroup { group in
      group.addTask { await self.untilNews() }
      group.addTask { try? await Loop.pause(time) }
      await group.next()
      group.cancelAll()
    }
  }

  /// The response, if it is the first that is there.
  func takeResponse() -> JSON? {
    guard let letter = waiting.first, letter.isResponse else { return nil }
    drop()
    return letter.message
  }

  var isOver: Bool { isSealed && waiting.isEmpty }

  /// Writes events until the last one, or as long as somebody reads. Each is written whole, so that pulses fall between them.
  func deliver(to writer: any HTTPBodyWriter) async {
    while true {
      await untilNews()
      guard !Task.isCancelled, !waiting.isEmpty else { break }
      let letter = waiting.removeFirst()
      guard (try? await writer.write(EventStream.event(letter.bytes))) != nil else { break }
      bytes = max(0, bytes - letter.bytes.count)
      news.wake()
    }
    drop()
  }
}

/// Server-sent events (HTML, "text/event-stream").
enum EventStream {
  /// `no`: proxies are not to gather it.
  static let headers = [
    (name: "content-type", value: "text/event-stream"), (name: "cache-control", value: "no-cache, no-transform"),
    (name: "x-accel-buffering", value: "no"),
  ]

  /// A comment: tells that somebody is there.
  static let pulse = Array(": still here\n\n".utf8)

  /// `message`: JSON without a line feed in it, which ours never has.
  static func event(_ message: [UInt8]) -> [UInt8] {
    var event = Array("event: message\ndata: ".utf8)
    event.reserveCapacity(event.count + message.count + 2)
    event += message
    event += [10, 10]
    return event
  }

  /// Writes what comes to `outbox`, and a sign of life now and then, until it ends or nobody reads any more.
  static func run(_ outbox: Outbox, to writer: any HTTPBodyWriter, pulse pause: Duration) async {
    await withTaskGroup { group in
      group.addTask { await outbox.deliver(to: writer) }
      group.addTask {
        while (try? await Task.sleep(for: pause)) != nil, (try? await writer.write(pulse)) != nil {}
      }
      await group.next()
      group.cancelAll()
    }
  }
}
