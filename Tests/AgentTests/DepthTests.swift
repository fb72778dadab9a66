import Core
import Testing

@testable import Agent

@Suite("What is too deep to be kept")
struct DepthTests {
  private static func nested(_ levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
  }

  @Test("Arguments that are nested too deeply count as broken, in whatever words they came")
  func arguments() throws {
    for (levels, isBroken) in [(31, false), (32, true), (60, true), (5000, true)] {
      let text = #"{"x":\#(Self.nested(levels))}"#
      guard case .toolCall(_, _, let arguments, let broken) = CallDraft(id: "c", tool: "look", arguments: text).part()
      else { return }
      #expect((broken != nil) == isBroken && !arguments.isDeeper(than: 32), "\(levels)")
    }
    let block = try JSON(parsing: Self.nested(40))
    let answer = ModelAnswer(
      parts: [
        .opaque(format: "played", block: block), .toolCall(id: "c", tool: "look", arguments: ["x": block], broken: nil),
      ], claimed: .finished, usage: ModelUsage())
    #expect(
      answer.parts == [.toolCall(id: "c", tool: "look", arguments: [:], broken: JSON.object(["x": block]).text)])
  }

  @Test("A conversation in which model and tool said such things goes on, and can be read")
  func turn() async throws {
    let block = try JSON(parsing: Self.nested(60))
    let hand = Workshop([Workshop.tool("deep") { _ in ToolOutcome("deep", value: ["v": block]) }])
    let model = PlayedModel([
      PlayedModel.says(calls: [("deep", ["x": block]), ("deep", [:])]), PlayedModel.says("done"),
    ])
    let bench = try await Bench(model, hand: hand)
    #expect(await bench.run("Go.").text == "done")
    let results = try await bench.results()
    #expect(results.map { $0["is_error"]?.bool } == [true, false] && results[1]["value"] == nil)
  }
}
