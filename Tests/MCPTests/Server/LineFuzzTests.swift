import Core
import Foundation
import MCPFixtures
import Testing

@testable import MCP

/// CMDOP_MCP_LINES lines (20,000 in `make test`, a million in `make fuzz`) from CMDOP_MCP_SEED, made by hurting good ones: no crash,
/// no hang, and whatever comes back is a good answer.
@Suite("The reader of messages survives everything")
struct LineFuzzTests {
  static let count = number("CMDOP_MCP_LINES") ?? 20_000
  static let seed = number("CMDOP_MCP_SEED").map(UInt64.init) ?? UInt64.random(in: 1...1_000_000)

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  private static let good: [String] = [
    #"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, #"{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{}}"#,
    #"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"test_simple_text","arguments":{}}}"#,
    #"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":3,"reason":"é"}}"#,
    #"{"jsonrpc":"2.0","id":4,"result":{"action":"accept","content":{"response":"x"}}}"#,
    #"{"jsonrpc":"2.0","id":5,"error":{"code":-32601,"message":"no"}}"#,
    #"{"jsonrpc":"2.0","id":6,"method":"resources/read","params":{"uri":"test://template/1/data"}}"#,
    #"{"jsonrpc":"2.0","id":7,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#,
    #"{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"json_schema_2020_12_tool","arguments":{"name":"\ud83d\ude00"},"_meta":{"progressToken":1}}}"#,
    #"{"jsonrpc":"2.0","id":9,"method":"prompts/get","params":{"name":"test_prompt_with_arguments","arguments":{"arg1":"a","arg2":"b"}}}"#,
  ]

  @Test("Hurt lines")
  func hurtLines() async throws {
    try await LineBench.run { bench in
      var chance = Chance(Self.seed)
      try await bench.introduce()
      var said = 0
      while said < Self.count {
        var bytes: [UInt8] = []
        for _ in 0..<200 {
          bytes += chance.hurt(Array(Self.good[Int(chance.next() % UInt64(Self.good.count))].utf8))
          bytes.append(10)
        }
        said += 200
        bench.raw(bytes)
        let id = JSON.string("round \(said)")
        let answer1 = try await bench.ask(id, "ping")
        #expect(answer1["result"] == [:], "seed \(Self.seed), line \(said)")
        for answer in bench.forget() { Self.check(answer) }
      }
      #expect(bench.noise == 0, "seed \(Self.seed)")
    }
  }

  private static func check(_ answer: JSON) {
    #expect(answer["jsonrpc"] == "2.0")
    if answer["method"] != nil { return }
    let isError = answer["error"] != nil
    #expect((answer["result"] != nil) != isError, "\(answer.text)")
    #expect(RPCID(answer["id"]) != nil || isError && answer["id"] == nil, "\(answer.text)")
    if isError { #expect(answer["error"]?["code"]?.integer != nil && answer["error"]?["message"]?.string != nil) }
  }
}

/// SplitMix64: the same seed, the same lines.
struct Chance: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  mutating func hurt(_ line: [UInt8]) -> [UInt8] {
    var line = line
    for _ in 0..<Int(next() % 4) {
      let at = line.isEmpty ? 0 : Int(next() % UInt64(line.count))
      switch next() % 7 {
      case 0: if !line.isEmpty { line[at] = UInt8(truncatingIfNeeded: next()) }
      case 1: line.removeSubrange(at...)
      case 2: line.insert(contentsOf: line, at: at)
      case 3: line.insert(contentsOf: [UInt8](repeating: UInt8(ascii: "["), count: Int(next() % 200)), at: at)
      case 4: line.insert(contentsOf: Array("null".utf8), at: at)
      case 5: if !line.isEmpty { line.remove(at: at) }
      default: line.insert(contentsOf: Array(#""\u0000\ud800","#.utf8), at: at)
      }
    }
    return line
  }
}
