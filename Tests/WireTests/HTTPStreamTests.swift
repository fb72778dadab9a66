import Core
import Testing
import Wire

@Suite("Answers over HTTP that take their time", .timeLimit(.minutes(1)))
@Loop
struct HTTPStreamTests {
  private let get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n"

  private func serve(
    _ door: Stage, _ body: @escaping @Loop @Sendable (Int) async throws -> Void
  ) async throws {
    let listener = try await Listener.http(port: 0, door: door)
    do { try await body(listener.port) } catch {
      await listener.close()
      throw error
    }
    await listener.close()
  }

  @Test("what a door writes is there before its next word, in chunks; then the connection takes another request")
  func chunks() async throws {
    let play = Play()
    try await serve(Stage(play)) { port in
      let visitor = try await Visitor(port)
      try await visitor.say(get + get)
      let head = try await visitor.hears("\r\n\r\n")
      #expect(head.hasPrefix("HTTP/1.1 200 OK") && head.contains("transfer-encoding: chunked"))
      play.say("one")
      #expect(try await visitor.hears("one\r\n") == "3\r\none\r\n")
      // An empty chunk would be the end.
      play.say("")
      play.say("three")
      #expect(try await visitor.hears("three\r\n") == "5\r\nthree\r\n")
      #expect(play.begun == 1)
      play.end()
      #expect(try await visitor.hears("0\r\n\r\n") == "0\r\n\r\n")
      // What was asked in one breath with the first.
      #expect(try await visitor.hears("\r\n\r\n").hasPrefix("HTTP/1.1 200 OK"))
      try await eventually("the second begins") { play.begun == 2 }
      play.end()
      #expect(try await visitor.hears("0\r\n\r\n") == "0\r\n\r\n")
    }
  }

  @Test("an asker of HTTP/1.0 hears the end when the connection closes; one who wants the head gets no more")
  func withoutChunks() async throws {
    let play = Play()
    try await serve(Stage(play)) { port in
      let old = try await Visitor(port)
      try await old.say("GET / HTTP/1.0\r\n\r\n")
      #expect(try await !old.hears("\r\n\r\n").contains("chunked"))
      play.say("one")
      #expect(try await old.hears("one") == "one")
      play.end()
      try await old.leaves()
      let brief = try await Visitor(port)
      try await brief.say("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n")
      _ = try await brief.hears("\r\n\r\n")
      play.say("one")
      try await brief.leaves()
      try await eventually("writing for nobody is refused") { play.lost == 1 }
    }
  }

  @Test("who leaves ends the stream; the answer too, if the door wants it so", arguments: [true, false])
  func leaving(_ endsWithAsker: Bool) async throws {
    let play = Play()
    play.endsWithAsker = endsWithAsker
    try await serve(Stage(play)) { port in
      let visitor = try await Visitor(port)
      try await visitor.say(get)
      _ = try await visitor.hears("\r\n\r\n")
      visitor.hangUp()
      try await eventually("the stream ends") { play.ended == 1 && play.cancelled == 1 }
      let impatient = try await Visitor(port)
      try await impatient.say("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
      try await eventually("it is asked") { play.isSlow }
      impatient.hangUp()
      if !endsWithAsker {
        // The deed is done whoever listens.
        try await Task.sleep(for: .milliseconds(100))
        #expect(play.isSlow)
        play.end()
      }
      try await eventually("the answer ends") { !play.isSlow }
      #expect(play.cancelled == (endsWithAsker ? 2 : 1))
    }
  }

  @Test(
    "a reader who takes nothing is waited for, with little in our hands; others do not wait; then it gets everything")
  func slowReader() async throws {
    let play = Play()
    try await serve(Stage(play)) { port in
      let slow = try await Visitor(port, isDeaf: true)
      try await slow.say("GET /flood HTTP/1.1\r\nhost: x\r\n\r\n")
      // The kernel's buffers, both sides of them, are filled first.
      var seen = -1
      try await eventually("it waits") {
        defer { seen = play.written }
        try await Task.sleep(for: .milliseconds(100))
        return seen == play.written && seen > 0
      }
      #expect(play.written < Play.flood)
      let other = try await Visitor(port)
      try await other.say("GET /large HTTP/1.1\r\nhost: x\r\n\r\n")
      try await other.hears(bytes: Play.large)
      try await slow.listen()
      try await slow.hears(bytes: Play.flood)
      try await eventually("all is written") { play.written == Play.flood && play.lost == 0 }
    }
  }

  @Test("the time that an answer may take does not end a stream that has begun, and ends what has not")
  func patience() async throws {
    let play = Play()
    play.patience = .milliseconds(100)
    play.endsWithAsker = true
    try await serve(Stage(play)) { port in
      let visitor = try await Visitor(port)
      try await visitor.say(get)
      _ = try await visitor.hears("\r\n\r\n")
      let hanging = try await Visitor(port)
      try await hanging.say("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
      try await hanging.leaves()
      try await eventually("nobody waits for the hanging one") { !play.isSlow }
      play.say("one")
      #expect(try await visitor.hears("one\r\n") == "3\r\none\r\n")
      play.end()
    }
  }

  @Test("a door refuses at the head what it does not let in, and reads large bodies of others")
  func refusal() async throws {
    let play = Play()
    play.mostBody = 1 << 20
    try await serve(Stage(play)) { port in
      let stranger = try await Visitor(port)
      try await stranger.say("POST /closed HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
      #expect(try await stranger.answer() == "401 no")
      try await stranger.say(String(repeating: "a", count: 1_000_000))
      try await stranger.leaves()
      let friend = try await Visitor(port)
      try await friend.say("POST /measure HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n")
      try await friend.say(String(repeating: "a", count: 1_000_000))
      #expect(try await friend.answer() == "200 1000000 \(port)")
      let greedy = try await Visitor(port)
      try await greedy.say("POST /measure HTTP/1.1\r\nhost: x\r\ncontent-length: 1048577\r\n\r\n")
      #expect(try await greedy.answer() == "413 ")
    }
  }

  @Test("plain HTTP has one address, and as many connections as it wants: more are asked to come again")
  func plain() async throws {
    let play = Play()
    for host in ["0.0.0.0", "::1", "localhost", "192.168.1.2"] {
      await #expect(throws: CmdopError.self) { try await Listener.http(host: host, port: 0, door: Stage(play)) }
    }
    let listener = try await Listener.http(port: 0, door: Stage(play), mostConnections: 2)
    var first: [Visitor] = []
    for _ in 0..<2 {
      let visitor = try await Visitor(listener.port)
      try await visitor.say(get)
      _ = try await visitor.hears("\r\n\r\n")
      first.append(visitor)
    }
    let more = try await Visitor(listener.port)
    try await more.say("GET /measure HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    #expect(try await more.answer() == "503 ")
    try await more.leaves()
    first[0].hangUp()
    try await eventually("there is room") {
      let visitor = try await Visitor(listener.port)
      try await visitor.say("GET /measure HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
      return try await visitor.answer().hasPrefix("200")
    }
    await listener.close()
    try await eventually("all has ended") { play.ended == 2 }
  }
}

/// What happens behind the door of these tests.
@Loop
private final class Play: Sendable {
  nonisolated static let flood = 32 << 20
  nonisolated static let large = 4 << 20
  private var words: [String] = []
  private var ends = 0
  private let news = Turnstile()
  private(set) var (begun, ended, cancelled, lost, written) = (0, 0, 0, 0, 0)
  private(set) var isSlow = false
  var (mostBody, patience, endsWithAsker) = (1000, Duration.seconds(30), false)

  func say(_ word: String) {
    words.append(word)
    news.wake()
  }

  func end() {
    ends += 1
    news.wake()
  }

  func stream(to writer: any HTTPBodyWriter) async {
    begun += 1
    defer {
      ended += 1
      if Task.isCancelled { cancelled += 1 }
    }
    while (try? await news.wait { !words.isEmpty || ends > 0 }) != nil {
      guard !words.isEmpty else { return ends -= 1 }
      do throws(CmdopError) { try await writer.write(Array(words.removeFirst().utf8)) } catch {
        #expect(error.code == .connectionLost)
        return lost += 1
      }
    }
  }

  func flood(_ writer: any HTTPBodyWriter) async {
    let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 16 << 10)
    while written < Self.flood {
      do throws(CmdopError) { try await writer.write(piece) } catch { return lost += 1 }
      written += piece.count
    }
  }

  func slow() async {
    isSlow = true
    defer { isSlow = false }
    do { try await news.wait { ends > 0 } } catch { return cancelled += 1 }
    ends -= 1
  }
}

private struct Stage: HTTPDoor {
  private let play: Play
  let mostBody: Int
  let patience: Duration
  let endsWithAsker: Bool

  @Loop
  init(_ play: Play) {
    (self.play, mostBody, patience, endsWithAsker) = (play, play.mostBody, play.patience, play.endsWithAsker)
  }

  func refusal(_ head: HTTPAsk) -> HTTPAnswer? {
    head.path == "/closed" ? HTTPAnswer(status: 401, body: Array("no".utf8)) : nil
  }

  func answer(_ ask: HTTPAsk) async -> HTTPAnswer {
    let play = play
    switch ask.path {
    case "/measure": return HTTPAnswer(status: 200, body: Array("\(ask.body.count) \(ask.port)".utf8))
    case "/large":
      return HTTPAnswer(status: 200, body: [UInt8](repeating: UInt8(ascii: "a"), count: Play.large))
    case "/flood": return HTTPAnswer(status: 200) { await play.flood($0) }
    case "/slow":
      await play.slow()
      return HTTPAnswer(status: 200)
    default: return HTTPAnswer(status: 200) { await play.stream(to: $0) }
    }
  }
}
