import Core
import Session
import Synchronization
import Testing

@testable import Agent

@Suite("What goes wrong between the loop and a model's service")
struct FaultTests {
  private static let good: JSON = ["text": "All is well, naïve 😀."]

  /// A turn against `steps`, and the pauses that it made.
  private func turn(
    _ steps: [JSON], provider: String = "anthropic", silence: Duration = .seconds(60)
  ) async throws -> (end: TurnEnd, log: ModelServer.Log, pauses: [Duration], bench: Bench) {
    let pauses = Mutex<[Duration]>([])
    let time = AgentTime(wall: { 1 }, sleep: { pause in pauses.withLock { $0.append(pause) } })
    let server = try await ModelServer(.array(steps))
    let bench = try await Bench(server.models(provider, time: time, silence: silence))
    let end = await bench.run("Go.")
    let log = try await server.log()
    await server.end()
    #expect(log.violations == [])
    return (end, log, pauses.withLock(\.self), bench)
  }

  @Test(
    "Mended by another try, from the start, and nothing of the first is kept",
    arguments: ProviderTests.all,
    [
      ["http": 529], ["http": 500], ["http": 503], ["http": 429], ["http": 408], ["fault": "drop", "after": 1],
      ["fault": "drop", "after": 5], ["fault": "end", "after": 4], ["fault": "error", "after": 5], ["fault": "html"],
      ["fault": "empty"], ["fault": "not_json", "after": 3], ["http": 400, "should_retry": true],
    ] as [JSON])
  func mended(_ provider: String, _ fault: JSON) async throws {
    var broken = fault.object ?? [:]
    broken["text"] = "This is to be forgotten, all of it."
    broken["tools"] = [["name": "act", "input": ["x": "never"]]]
    let (end, log, pauses, bench) = try await turn([.object(broken), Self.good], provider: provider)
    #expect(end.status == .finished && end.text == "All is well, naïve 😀.", "\(end)")
    #expect(log.requests == 2 && pauses.count == 1)
    #expect(bench.hand.deeds == [])
    #expect(try await bench.kinds() == ["prompt", "answer", "end"])
    #expect(bench.heard.words.filter { $0 == "retry" }.count == 1)
    // A viewer that does as it is told shows what is stored.
    #expect(bench.heard.shown == "All is well, naïve 😀.")
  }

  @Test("Seven times in vain: the pauses double to a bound, then it is said", arguments: ProviderTests.all)
  func vain(_ provider: String) async throws {
    let (end, log, pauses, bench) = try await turn([["http": 529, "times": 9]], provider: provider)
    #expect(end.status == .failed && end.error?.code == .unavailable)
    #expect(end.error?.message.contains("529") == true && end.error?.message.contains("after 7 tries") == true)
    #expect(log.requests == 7)
    for (pause, full) in zip(pauses, [0.5, 1, 2, 4, 8, 16]) {
      #expect((.seconds(full * 0.75)...(.seconds(full))).contains(pause), "\(pause)")
    }
    #expect(pauses.count == 6)
    #expect(try await bench.kinds() == ["prompt", "end"])
    #expect(
      RetryRule(dice: { 0 }).pause(after: StreamFault(.unavailable, "", mayRetry: true), tries: 6) == .seconds(16))
    #expect(
      RetryRule(most: 9, dice: { 0 }).pause(after: StreamFault(.unavailable, "", mayRetry: true), tries: 9)
        == .seconds(32))
  }

  @Test("The service says when; at most a minute")
  func retryAfter() async throws {
    let (end, _, pauses, _) = try await turn([
      ["http": 429, "retry_after": 7], ["http": 529, "retry_after": 3600], Self.good,
    ])
    #expect(end.status == .finished)
    #expect(pauses == [.seconds(7), .seconds(60)])
  }

  @Test(
    "Not worth another try",
    arguments: [
      (["http": 400], .unsupported), (["http": 401], .unauthenticated), (["http": 403], .unauthenticated),
      (["http": 404], .unsupported), (["http": 529, "should_retry": false], .unavailable),
      (
        [
          "http": 429,
          "body": [
            "error": [
              "type": "rate_limit_error", "message": "spent", "details": ["error_code": "enforced_spend_limit_reached"],
            ]
          ],
        ], .unauthenticated
      ),
      (
        ["http": 429, "body": ["error": ["code": "insufficient_quota", "message": "You exceeded your quota"]]],
        .unauthenticated
      ),
    ] as [(JSON, CmdopError.Code)])
  func final(_ fault: JSON, _ code: CmdopError.Code) async throws {
    let (end, log, pauses, _) = try await turn([fault])
    #expect(end.status == .failed && end.error?.code == code, "\(end)")
    #expect(log.requests == 1 && pauses.isEmpty)
  }

  @Test("What does not fit is compacted once; where there is nothing to leave out it is said")
  func tooLarge() async throws {
    for fault in [
      ["http": 413],
      [
        "http": 400,
        "body": ["error": ["type": "invalid_request_error", "message": "prompt is too long: 300000 tokens > 200000"]],
      ],
      ["http": 400, "body": ["error": ["code": "context_length_exceeded", "message": "too much"]]],
    ] as [JSON] {
      let (end, log, _, _) = try await turn([fault])
      #expect(end.status == .windowFull && end.error?.code == .limit, "\(end)")
      #expect(log.requests == 1)
    }
  }

  @Test("A service that falls silent is given up on after its time, and asked again")
  func stall() async throws {
    let (end, log, _, _) = try await turn(
      [["text": "never to be seen", "fault": "stall", "after": 4, "seconds": 20], Self.good],
      silence: .milliseconds(400))
    #expect(end.status == .finished && log.requests == 2)
    let waited = (log.times.last ?? 0) - (log.times.first ?? 0)
    #expect((0.4..<10).contains(waited))
  }

  @Test("An answer without end is cut off")
  func endless() async throws {
    let (end, log, _, _) = try await turn([["text": "and so on", "fault": "endless", "after": 3]])
    #expect(end.status == .failed && end.error?.message.contains("does not end") == true, "\(end)")
    #expect(log.requests == 1)
  }

  @Test("A server that cannot stream, and an error under a good status, are said and not tried again")
  func single() async throws {
    let (end, log, _, _) = try await turn([["http": 200, "body": ["content": [["type": "text", "text": "whole"]]]]])
    #expect(end.error?.message.contains("does not stream") == true && log.requests == 1, "\(end)")
    let body: JSON = ["error": ["type": "invalid_request_error", "message": "no such model"]]
    let (wrong, again, _, _) = try await turn([["http": 200, "body": body]])
    #expect(wrong.error?.message.contains("no such model") == true && again.requests == 1, "\(wrong)")
  }

  @Test("A redirect is not followed: it would carry the key elsewhere")
  func redirect() async throws {
    let (end, log, _, _) = try await turn([["http": 307, "location": "http://127.0.0.1:1/"]])
    #expect(end.error?.message.contains("307") == true && log.requests == 1, "\(end)")
  }

  @Test("Nobody there: said with the address")
  func nobody() async throws {
    let server = try await ModelServer([])
    // A port of this machine where nothing listens: 1 is reserved, and nobody may take it.
    let bench = try await Bench(server.models(variables: ["ANTHROPIC_BASE_URL": "http://127.0.0.1:1"]))
    let end = await bench.run("Go.")
    #expect(end.error?.code == .unavailable && end.error?.message.contains("127.0.0.1:1") == true, "\(end)")
    await server.end()
  }

  @Test("A key that the service repeats does not come further")
  func secret() async throws {
    let said: JSON = [
      "error": ["message": "Incorrect API key provided: sk-test-1234, sk-test-5678", "type": "authentication_error"]
    ]
    for provider in ProviderTests.all {
      let (end, _, _, bench) = try await turn([["http": 401, "body": said]], provider: provider)
      let key = provider == "anthropic" ? "sk-test-1234" : "sk-test-5678"
      #expect(end.error?.message.contains("Incorrect API key") == true)
      let everything = bench.heard.events.map(\.json.text).joined() + (try await bench.rows()).map(\.json.text).joined()
      #expect(!everything.contains(key) && end.error?.message.contains(key) == false)
    }
  }

  @Test("Calls with broken JSON, and a call that was cut, are mended by the model", arguments: ProviderTests.all)
  func brokenCalls(_ provider: String) async throws {
    let (end, log, _, bench) = try await turn(
      [
        ["tools": [["name": "act", "input": [:]]], "fault": "bad_json"],
        [
          "tools": [["name": "act", "input": ["x": "whole"]], ["name": "act", "input": ["x": "this one is cut"]]],
          "fault": "cut_call",
        ],
        ["tools": [["name": "act", "input": [:]]], "fault": "bad_json", "raw": "[1, 2]"], Self.good,
      ], provider: provider)
    #expect(end.status == .finished && log.requests == 4, "\(end)")
    #expect(bench.hand.deeds == [#"act {"x":"whole"}"#])
    let results = try await bench.results()
    #expect(results.map { $0["why"]?.string } == ["invalid", nil, "invalid", "invalid"])
    #expect(results[2]["text"]?.string?.contains("cut off") == true)
  }

  @Test(
    "The ways of local servers",
    arguments: [
      ["no_id"], ["no_usage"], ["whole_arguments"], ["stop_finish"], ["same_index"], ["no_done"], ["lf"], ["no_finish"],
      ["no_id", "no_usage", "whole_arguments", "stop_finish", "no_done", "lf"],
    ])
  func quirks(_ quirks: [String]) async throws {
    let server = try await ModelServer([
      [
        "tools": [["name": "look", "input": ["x": "1"]], ["name": "look", "input": ["x": "2"]]],
        "quirks": .array(quirks.map { .string($0) }),
      ], ["tools": [["name": "look", "input": ["x": "3"]]], "quirks": .array(quirks.map { .string($0) })], Self.good,
    ])
    let bench = try await Bench(server.models("openai-chat"))
    #expect(await bench.run("Go.").status == .finished)
    #expect(bench.hand.deeds.sorted() == [#"look {"x":"1"}"#, #"look {"x":"2"}"#, #"look {"x":"3"}"#])
    #expect(try await server.log().violations == [])
    await server.end()
  }
}

extension Heard {
  /// What a viewer shows in the end that does what the events say.
  var shown: String {
    var text = ""
    for event in events {
      switch event {
      case .textDelta(_, let offset, let piece):
        if offset == text.utf8.count { text += piece } else { text = "a gap" }
      case .retry: text = ""
      default: break
      }
    }
    return text
  }
}
