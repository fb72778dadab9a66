import Core
import Testing

@testable import MCP

@Suite("What waits for a reader over HTTP is bounded", .timeLimit(.minutes(1)))
@Loop
struct OutboxTests {
  private func message(_ kilobytes: Int) -> JSON {
    [
      "jsonrpc": "2.0", "method": "notifications/x",
      "params": ["x": .string(String(repeating: "x", count: kilobytes << 10))],
    ]
  }

  @Test("what may be left out is, once 256 KiB wait; who lets 4 MiB wait has lost the stream; one message always fits")
  func bounds() async throws {
    let outbox = Outbox(answering: .request(.number(1)))
    for _ in 0..<100 { outbox.mention(message(16)) }
    outbox.seal()
    let reader = Reader()
    await outbox.deliver(to: reader)
    #expect((16...17).contains(reader.events.count))

    let lost = Outbox(answering: .request(.number(1)))
    for _ in 0..<255 { lost.put(message(16)) }
    #expect(!lost.isOver)
    for _ in 0..<10 { lost.put(message(16)) }
    #expect(lost.isOver)
    lost.put(["jsonrpc": "2.0", "id": 1, "result": [:]])
    #expect(lost.takeResponse() == nil)
    // Who waits for the reader does not wait for one who is gone.
    await lost.drained()

    let large = Outbox(answering: .request(.number(1)))
    large.put(message(10 << 10))
    #expect(!large.isOver)
  }

  @Test("whoever puts many waits until the reader has taken enough of it")
  func drained() async throws {
    let (outbox, reader) = (Outbox(answering: .none), Reader())
    for _ in 0..<32 { outbox.put(message(16)) }
    await withTaskGroup { group in
      group.addTask { await outbox.deliver(to: reader) }
      await outbox.drained()
      #expect(reader.events.count >= 15 && reader.events.count < 32)
      outbox.seal()
    }
    #expect(reader.events.count == 32)
  }

  @Test("after the answer nothing follows, and it is the answer by its id")
  func answer() async throws {
    let outbox = Outbox(answering: .request(.text("a")))
    outbox.put(["jsonrpc": "2.0", "id": "a", "method": "ask/client"])
    outbox.put(["jsonrpc": "2.0", "id": "a", "result": [:]])
    outbox.put(message(1))
    #expect(outbox.takeResponse() == nil)
    let reader = Reader()
    await outbox.deliver(to: reader)
    #expect(reader.events.count == 2)
    #expect(reader.events.allSatisfy { $0.hasPrefix("event: message\ndata: {") && $0.hasSuffix("}\n\n") })
  }

  private final class Reader: HTTPBodyWriter {
    @Loop private(set) var events: [String] = []
    @Loop
    func write(_ bytes: [UInt8]) async throws(CmdopError) {
      events.append(String(decoding: bytes, as: UTF8.self))
      await Loop.breathe()
    }
  }
}
