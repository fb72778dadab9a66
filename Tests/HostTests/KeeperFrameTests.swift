import Core
import Foundation
import Testing

@testable import Host

@Suite("What daemon and keeper say to each other", .timeLimit(.minutes(1)))
@Loop
struct KeeperFrameTests {
  @Test("Words come back as they were written, and nothing is made of what is cut short")
  func coding() {
    var writer = KeeperWriter()
    writer.add(UInt16(513))
    writer.add("text ä")
    writer.add(["a", "", "b"])
    writer.add([1, 2, 3] as [UInt8])
    writer.add(Int64(-5))
    writer.add(ProgramEnd.signalled(number: 9))
    func read(_ bytes: [UInt8]) -> Bool {
      var reader = KeeperReader(bytes)
      return reader.uint16() == 513 && reader.text() == "text ä" && reader.texts() == ["a", "", "b"]
        && reader.data() == [1, 2, 3] && reader.int64() == -5 && reader.end() == .signalled(number: 9)
    }
    #expect(read(writer.bytes) && read(writer.bytes + [7, 7]))
    for count in writer.bytes.indices { #expect(!read(Array(writer.bytes[..<count]))) }
  }

  @Test("Frames are told apart in any cut of the stream", arguments: [1, 3, 64, 1000])
  func framing(_ step: Int) {
    let frames = (0..<50).map { KeeperFrame(.setNote, tag: $0, [UInt8](repeating: 9, count: Int($0) * 7)) }
    let stream = frames.flatMap(\.bytes)
    var (waiting, found, intact): ([UInt8], [KeeperFrame], Bool) = ([], [], true)
    for start in stride(from: 0, to: stream.count, by: step) {
      waiting += stream[start..<min(start + step, stream.count)]
      while let frame = KeeperFrame.take(from: &waiting, intact: &intact) { found.append(frame) }
    }
    #expect(found == frames && intact && waiting.isEmpty)
  }

  @Test("Bytes that make no sense end that connection and nothing else, and so does who does not say hello first")
  func malformed() async throws {
    try await KeeperHome.run { home in
      let reader = try Reader(try await home.open("stty -echo; echo ready; exec cat"))
      try await reader.saw("ready")
      let keeper = try #require(home.keeper)
      let senseless: [[UInt8]] = [
        [255, 255, 255, 255, 1, 0, 0, 0, 0], [0, 0, 0, 0], [4, 0, 0, 0, 1, 1, 1, 1],
      ]
      let hello = KeeperFrame(.hello, tag: 1).bytes
      for bytes in senseless + [KeeperFrame(.list, tag: 1).bytes] {
        let client = try await RawClient.connect(home.socket)
        try client.send(bytes)
        #expect(try await client.next() == nil, "\(bytes)")
      }
      for round in 0..<30 {
        let noise = (0...round * 7).map { UInt8(truncatingIfNeeded: ($0 + round * 1009) &* 0x9e37_79b9 >> 13) }
        let client = try await RawClient.connect(home.socket)
        try client.send(noise)
      }
      try await reader.type("all is well\r")
      try await reader.saw("all is well")
      #expect(home.keeper == keeper && home.log.isEmpty && home.daemon.link?.isOpen == true)
      // Senseless after a hello, too.
      let client = try await RawClient.connect(home.socket)
      try client.send(hello + [0, 0, 0, 0])
      #expect(try await client.next()?.kind == KeeperFrame.Kind.welcome.rawValue)
      #expect(try await client.next() == nil)
      #expect(home.keeper == keeper)
    }
  }

  @Test("A request that is cut short, too long or absurd is refused with its number; what runs is not forgotten")
  func absurd() async throws {
    try await KeeperHome.run { home in
      _ = try await home.serve()
      let client = try await RawClient.connect(home.socket)
      try client.send(.hello, 1)
      #expect(try await client.next()?.kind == KeeperFrame.Kind.welcome.rawValue)
      var tag: UInt32 = 1
      @Loop func refuses(
        _ kind: KeeperFrame.Kind, _ failure: Int32, _ fill: (inout KeeperWriter) -> Void = { _ in }
      ) async throws {
        tag += 1
        try client.send(kind, tag, fill)
        let answer = try #require(try await client.next())
        var reader = KeeperReader(answer.body)
        #expect(answer.tag == tag && answer.kind == KeeperFrame.Kind.done.rawValue && reader.int32() == failure)
      }
      func order(_ body: inout KeeperWriter, note: Int = 0, id: String = "a") {
        body.add(id)
        body.add(UInt16(0))
        body.add(UInt16(0))
        body.add("/bin/cat")
        body.add([] as [String])
        body.add([] as [String])
        body.add("/")
        body.add([UInt8](repeating: 0, count: note))
      }
      try await refuses(.spawn, EINVAL)
      try await refuses(.signal, ESRCH)
      try await refuses(.forget, ESRCH) { $0.add("nobody") }
      try await refuses(.setNote, ESRCH) { $0.add("nobody") }
      try await refuses(.spawn, EINVAL) { order(&$0, note: 4097) }
      try await refuses(.spawn, EINVAL) { order(&$0, id: String(repeating: "x", count: 65)) }
      try await refuses(.spawn, EINVAL) { order(&$0, id: "") }
      // A program that is told neither its name nor a size has what there is.
      try client.send(.spawn, 100) { order(&$0, note: 4096) }
      let spawned = try #require(try await client.next())
      #expect(spawned.kind == KeeperFrame.Kind.spawned.rawValue && spawned.tag == 100)
      var reader = KeeperReader(spawned.body)
      let program = reader.int32() ?? 0
      try await refuses(.spawn, EEXIST) { order(&$0) }
      try await refuses(.retire, EBUSY)
      try await refuses(.forget, EBUSY) { $0.add("a") }
      try await refuses(.setNote, E2BIG) {
        $0.add("a")
        $0.add([UInt8](repeating: 0, count: 4097))
      }
      #expect(runs(program))
      Processes.end(program, forcibly: true)  // nothing in its environment says that it is ours
    }
  }

  @Test("Of a newer daemon's words the keeper refuses those it does not know, and overlooks what is added to others")
  func newerDaemon() async throws {
    try await KeeperHome.run { home in
      let keeper = try await home.serve()
      let client = try await RawClient.connect(home.socket)
      try client.send(.hello, 1) {
        $0.add(UInt32(99))
        $0.add("and more")
      }
      var reader = KeeperReader(try #require(try await client.next()).body)
      #expect(reader.uint32() == KeeperFrame.version && reader.int32() == keeper && reader.uint32() == 0)
      var strange = KeeperFrame(.list, tag: 2, [1, 2, 3])
      strange.kind = 40
      try client.send(strange.bytes)
      #expect(try await client.until(.done) == ENOSYS)
      try client.send(KeeperFrame(.list, tag: 3, [1, 2, 3]).bytes)
      #expect(try await client.next()?.kind == KeeperFrame.Kind.listEnd.rawValue)
    }
  }

  @Test("A keeper that keeps nothing retires when it is asked to")
  func retire() async throws {
    try await KeeperHome.run { home in
      let keeper = try await home.serve()
      let client = try await RawClient.connect(home.socket)
      try client.send(.hello, 1)
      _ = try await client.next()
      try client.send(.retire, 2)
      #expect(try await client.until(.done) == 0)
      #expect(try await client.next() == nil)
      try await eventually("it has ended") { !runs(keeper) }
      #expect(!exists(home.lock) && !exists(home.socket))
    }
  }
}
