import Core
import Session
import Testing

@testable import Agent

@Suite("A turn over HTTP, in the words of each provider")
struct ProviderTests {
  static let all = ["anthropic", "openai-chat", "openai-responses"]

  @Test("Text, thoughts, single and parallel calls, an error: the history that comes back is legal", arguments: all)
  func conversation(_ provider: String) async throws {
    let server = try await ModelServer([
      ["thinking": "hm, naïve 😀", "text": "I look.", "tools": [["name": "look", "input": ["x": "ä😀"]]]],
      ["tools": [["name": "look", "input": ["x": "1"]], ["name": "look", "input": ["x": "2"]]]],
      ["text": "now", "tools": [["name": "act", "input": ["x": "y"]], ["name": "fail"]]],
      ["thinking": "done", "text": "All is well."],
      ["echo": true],
    ])
    let bench = try await Bench(server.models(provider))
    let end = await bench.run("Look and act.")
    #expect(end.status == .finished, "\(end)")
    #expect(end.text == "All is well.")
    #expect(end.turns == 4)
    #expect(
      bench.hand.deeds.sorted() == [
        #"act {"x":"y"}"#, "fail {}", #"look {"x":"1"}"#, #"look {"x":"2"}"#, #"look {"x":"ä😀"}"#,
      ])
    let again = await bench.run("And now?")
    #expect(again.text == "And now?")
    let log = try await server.log()
    #expect(log.violations == [])
    #expect(log.requests == 5)
    #expect(end.usage == ModelUsage(input: 400, output: 80, cacheRead: 200))
    let card = try await bench.store.card(Bench.id)
    #expect(
      card.state == .idle && card.usage.input == 500 && card.title == "Look and act." && card.model == "scripted-1")
    await server.end()
  }

  @Test("The network may cut a stream anywhere: between CR and LF, in a character, after each byte", arguments: all)
  func cut(_ provider: String) async throws {
    for cut in ["bytes", "crlf", 3] as [JSON] {
      let server = try await ModelServer([
        ["thinking": "日本", "text": "naïve 😀", "tools": [["name": "look", "input": ["x": "ä😀"]]], "cut": cut],
        ["text": "日本 😀", "cut": cut],
      ])
      let bench = try await Bench(server.models(provider))
      #expect(await bench.run("Look.").text == "日本 😀")
      #expect(bench.hand.deeds == [#"look {"x":"ä😀"}"#])
      #expect(try await server.log().violations == [])
      await server.end()
    }
  }
}
