import Core
import Foundation
import Testing

@testable import Agent

/// Against a server that we did not write: fakellm, which `make test` puts into .venv.
@Suite(
  "A model server from elsewhere",
  .enabled(if: FromElsewhere.isThere, "fakellm is not in .venv; scripts/bootstrap.sh python"))
struct ThirdPartyTests {
  @Test("Text, parallel calls and results, as with our own", arguments: ["anthropic", "openai-chat"])
  func turn(_ provider: String) async throws {
    let support = FromElsewhere.root + "/Tests/EndToEndTests/Support/third_model"
    let server = try Served(FromElsewhere.python, [support + ".py", support + ".yaml"])
    defer { server.end() }
    let port = server.port
    let values = [
      "ANTHROPIC_BASE_URL": "http://127.0.0.1:\(port)", "OPENAI_BASE_URL": "http://127.0.0.1:\(port)/v1",
      "ANTHROPIC_API_KEY": "none",
      "OPENAI_API_KEY": "none", "CMDOP_PROVIDER": provider, "CMDOP_MODEL": "gpt-or-claude",
    ]
    let models = HTTPModels(ModelEnvironment { values[$0] }, time: .fast)
    let bench = try await Bench(models)
    // It may still be starting; the loop tries again by itself, but here without pauses.
    var end = await bench.run("Please research this.")
    for _ in 0..<100 where end.status == .failed {
      try await ContinuousClock().sleep(for: .milliseconds(100))
      end = await bench.run(nil)
    }
    #expect(end.text == "The research is done: naïve 😀.", "\(end)")
    #expect(bench.hand.deeds.sorted() == [#"act {"n":3,"x":"note"}"#, #"look {"x":"again"}"#, #"look {"x":"naïve"}"#])
    await models.close()
  }
}

private enum FromElsewhere {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let python = root + "/.venv/bin/python"
  static let isThere: Bool = {
    let packages = FileManager.default.enumerator(atPath: root + "/.venv/lib")
    return packages?.contains { ($0 as? String)?.hasSuffix("fakellm/server.py") == true } ?? false
  }()
}
