import Core
import FoundationEssentials

/// A guest's link becomes a token.
extension SignInDoor {
  private struct Redemption: Decodable {
    let link: String
    let name: String
  }

  /// What is behind "#" never comes here, so this page says the same to everybody.
  @Sendable func showShare(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    Page(
      title: "You are invited to a terminal",
      content: """
        <p>Copy this page's whole address, with what stands behind the #, and open it with cmdop:</p>
        <p><code>cmdop connect 'ADDRESS' --as YOUR-NAME</code></p>
        <p>You need no account. The link may end, and who gave it to you can end it.</p>
        """
    ).answer
  }

  @Sendable func redeemShare(_ request: WebRequest) async throws(CmdopError) -> HTTPAnswer {
    // No form of another site's page can send this type.
    guard request.ask.contentType == "application/json", request.ask.body.count <= FormFields.longestBody,
      let wish = try? JSONDecoder().decode(Redemption.self, from: Data(request.ask.body))
    else {
      throw CmdopError(.badUsage, "the body must be application/json", hint: #"{"link": "shr_…", "name": "…"}"#)
    }
    let visit = try await desk.redeemShare(secret: wish.link, name: wish.name, peer: request.peer)
    return JSON.answer(
      200,
      [
        "access_token": .text(visit.accessToken), "expires_at_ms": .number(visit.expiresAt),
        "machine_id": .text(visit.machine.rawValue), "hostname": .text(visit.hostname),
        "session_id": visit.pass.session.map { .text($0.rawValue) } ?? .null,
        "read_only": .flag(visit.pass.isReadOnly),
      ])
  }
}
