import Core
import NIOCore
import Session
import Testing

@Suite("The input ledger: what is sent twice is typed once")
struct InputLedgerTests {
  /// A ledger and the memory that outlives it.
  private final class Bench {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: InputLedger.bytes, alignment: 8)
    var ledger: InputLedger

    init() {
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      ledger = InputLedger(memory)
    }
    deinit { memory.deallocate() }

    /// The daemon was killed; the next one finds the memory.
    func restart() { ledger = InputLedger(memory) }

    func take(_ text: String, at offset: UInt64, by client: String = "a") throws -> String {
      let fresh = try ledger.fresh(ByteBuffer(string: text), at: offset, client: client) ?? ByteBuffer()
      // The terminal moves the mark as it types.
      ledger.mark(of: client)?.pointee += Int64(fresh.readableBytes)
      return String(buffer: fresh)
    }
  }

  @Test("What was taken is not taken again, whole, in part, or with more behind it")
  func repeats() throws {
    let bench = Bench()
    #expect(try bench.take("hello", at: 0) == "hello")
    #expect(try bench.take("hello", at: 0) == "")
    #expect(try bench.take("ell", at: 1) == "")
    #expect(try bench.take("hello world", at: 0) == " world")
    #expect(try bench.take("world!", at: 6) == "!")
    #expect(try bench.take("", at: 12) == "")
    #expect(try bench.take("?", at: 12) == "?")
  }

  @Test(
    "However the streams of some clients are cut, repeated and overlapped, each is typed once and in order, across restarts",
    arguments: 1...10)
  func model(_ seed: UInt64) throws {
    var dice = Dice(seed)
    let bench = Bench()
    let all = (0..<2000).map { _ in Character(UnicodeScalar(UInt8.random(in: 97...122, using: &dice))) }
    let clients = (0..<8).map { "client \($0)" }
    var typed: [String: String] = [:]
    for _ in 0..<1000 {
      let client = try #require(clients.randomElement(using: &dice))
      let count = typed[client, default: ""].count
      // From some place that was sent already, to some place beyond or not.
      let from = Int.random(in: max(0, count - 50)...count, using: &dice)
      let to = min(all.count, from + Int.random(in: 0...80, using: &dice))
      typed[client, default: ""] += try bench.take(String(all[from..<to]), at: UInt64(from), by: client)
      if Int.random(in: 0..<20, using: &dice) == 0 { bench.restart() }
      #expect(bench.ledger.typed(from: client) == UInt64(typed[client, default: ""].count))
    }
    for (client, text) in typed { #expect(text == String(all[..<text.count]) && text.count > 500, "\(client)") }
  }

  @Test("Bytes that are missing before what comes are wrong_state, name both positions, and change nothing")
  func jump() throws {
    let bench = Bench()
    #expect(try bench.take("abc", at: 0) == "abc")
    #expect { try bench.take("x", at: 17) } throws: { error in
      let error = error as? CmdopError
      return error?.code == .wrongState && error?.message.contains("3") == true && error?.message.contains("17") == true
    }
    #expect(try bench.take("d", at: 3) == "d")
  }

  @Test("A client that is not known begins where it says; one that is known does not begin anew")
  func expectation() throws {
    let bench = Bench()
    bench.ledger.expect("a", from: 100)
    #expect(bench.ledger.typed(from: "a") == 100)
    bench.ledger.expect("a", from: 5)
    #expect(try bench.take("old", at: 90) == "")
    #expect(try bench.take("new", at: 100) == "new")
    #expect(bench.ledger.typed(from: "nobody") == 0 && bench.ledger.mark(of: "nobody") == nil)
  }

  @Test("Clients do not get in each other's way")
  func clients() throws {
    let bench = Bench()
    for client in ["a", "b", "c"] { #expect(try bench.take("to \(client)", at: 0, by: client) == "to \(client)") }
    #expect(try bench.take("!", at: 4, by: "b") == "!")
    #expect(["a", "b", "c"].map { bench.ledger.typed(from: $0) } == [4, 5, 4])
    #expect(try bench.take("to a", at: 0, by: "a") == "")
  }

  @Test("What was typed in part has to come again from there, also after a restart, and is not typed before its turn")
  func restart() throws {
    let bench = Bench()
    #expect(
      String(buffer: try #require(try bench.ledger.fresh(ByteBuffer(string: "abcdef"), at: 0, client: "a"))) == "abcdef"
    )
    bench.ledger.mark(of: "a")?.pointee += 4
    for _ in 1...2 {
      #expect(bench.ledger.typed(from: "a") == 4)
      #expect(throws: CmdopError.self) { try bench.take("g", at: 6) }
      bench.restart()
    }
    #expect(try bench.take("abcdef", at: 0) == "ef")
  }

  @Test("Of more clients than are remembered the one that typed longest ago is forgotten, also after a restart")
  func manyClients() throws {
    let bench = Bench()
    for number in 0..<64 {
      #expect(try bench.take("x", at: 0, by: "client \(number)") == "x")
    }
    #expect(try bench.take("y", at: 1, by: "client 0") == "y")
    bench.restart()
    #expect(try bench.take("z", at: 0, by: "newcomer") == "z")
    #expect(bench.ledger.typed(from: "client 0") == 2)
    #expect(bench.ledger.typed(from: "client 1") == 0)
    #expect((2..<64).allSatisfy { bench.ledger.typed(from: "client \($0)") == 1 })
  }

  @Test("256 clients one after the other are all served, and the last 64 are remembered")
  func crowd() throws {
    let bench = Bench()
    for number in 0..<256 {
      #expect(try bench.take("abc", at: 0, by: "\(number)") == "abc")
    }
    #expect((192..<256).allSatisfy { bench.ledger.typed(from: "\($0)") == 3 })
    #expect((0..<192).allSatisfy { bench.ledger.typed(from: "\($0)") == 0 })
  }

  @Test("Who is attached is not forgotten for a newcomer, unless everybody is")
  func attached() throws {
    let bench = Bench()
    for number in 0..<64 { #expect(try bench.take("x", at: 0, by: "client \(number)") == "x") }
    let known = (0..<10).map { "client \($0)" }
    for number in 0..<100 { bench.ledger.expect("newcomer \(number)", from: 0) { known } }
    #expect(known.allSatisfy { bench.ledger.typed(from: $0) == 1 } && bench.ledger.typed(from: "client 10") == 0)
    bench.ledger.expect("one more", from: 7) { known + (0..<100).map { "newcomer \($0)" } }
    #expect(bench.ledger.typed(from: "one more") == 7)
  }

  @Test(
    "A position that nobody can have typed up to, as a hostile client sends it, is bad_usage", arguments: [0, 1, 2])
  func lastPositions(_ back: UInt64) async {
    let bench = Bench()
    #expect(await code { try bench.take("abc", at: .max - back, by: "hostile") } == .badUsage)
    #expect(await code { try bench.take("abc", at: (1 << 62) + back, by: "hostile") } == .badUsage)
    bench.ledger.expect("hostile", from: .max - back)
    #expect(bench.ledger.typed(from: "hostile") == 0)
  }

  @Test("A ledger found on the disk may hold anything")
  func rot() {
    let bench = Bench()
    var dice = Dice(5)
    for _ in 0..<100 {
      for index in bench.memory.indices {
        bench.memory[index] = [0, 0xff, UInt8.random(in: 0...255, using: &dice)][index % 3]
      }
      bench.restart()
      for number in 0..<70 { _ = try? bench.take("x", at: 0, by: "\(number)") }
    }
  }
}
