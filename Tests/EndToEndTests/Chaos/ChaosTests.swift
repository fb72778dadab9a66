import Foundation
import Testing

/// One fault after the other while programs print and somebody types. In `make test` a short run; `make chaos` a long one.
/// CMDOP_CHAOS_FAULTS: how many (60); CMDOP_CHAOS_SEED: the seed of a run that is to be repeated.
@Suite("chaos", .timeLimit(.minutes(60)), .showsLogs)
struct ChaosTests {
  @Test("whatever is killed, cut, stalled or put to sleep: no byte is lost, none comes twice, no session ends")
  func chaos() async throws {
    let environment = ProcessInfo.processInfo.environment
    let faults = environment["CMDOP_CHAOS_FAULTS"].flatMap { Int($0) } ?? 60
    let seed = environment["CMDOP_CHAOS_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 0..<1_000_000)
    print("chaos: \(faults) faults, CMDOP_CHAOS_SEED=\(seed)")
    try await Street.run(grace: "90s", logLevel: "info", waits: true) { street in
      let chaos = try await ChaosStreet(street)
      let typing = Task { await chaos.type() }
      defer { typing.cancel() }
      var dice = SeededDice(seed)
      var drawn: [ChaosStreet.Fault] = []
      for number in 1...faults {
        // Every kind comes before one comes again.
        if drawn.isEmpty { drawn = ChaosStreet.Fault.allCases.shuffled(using: &dice) }
        let fault = drawn.removeLast()
        let seconds = Double.random(in: 0.2...2.5, using: &dice)
        if faults > 60 { print("chaos: \(number) \(fault.rawValue) \(seconds)") }
        try await chaos.cause(fault, for: seconds)
        try await Task.sleep(for: .seconds(Double.random(in: 0...0.6, using: &dice)))
        if number % 10 == 0 || number == faults { try await chaos.check("after fault \(number), \(fault.rawValue)") }
      }
      #expect(chaos.typingFaults.isEmpty, "typed lines that were lost or typed again")
      let drawings = try ["bursts", "counter", "typist"].map { "\($0) \(try chaos.user($0).numbers.drawings)" }
      print(
        "chaos: \(faults) faults; \(try chaos.user("bursts").numbers.count) numbers in bursts, "
          + "\(chaos.taken.count) typed lines; drawn anew: \(drawings.joined(separator: ", "))")
    }
  }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededDice: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
