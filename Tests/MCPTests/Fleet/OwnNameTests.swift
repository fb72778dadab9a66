import Connect
import Core
import Testing

@testable import MCP

@Suite("This machine by its own names")
struct OwnNameTests {
  private static let call = OfferCall(
    client: ClientFacts(name: "test", version: "", capabilities: [:], revision: .november2025), progress: { _ in },
    advance: { _, _, _ in }, log: { _, _ in }, ask: { (_, _) throws(RPCError) in throw .parse("nobody") })

  /// An offer whose ways lead nowhere and say which was taken.
  @Loop private static func offer(_ names: Set<String>) -> FleetOffer {
    FleetOffer(
      .init(
        definitions: [], local: Reach(socket: nil, relays: [], credential: nil),
        fleet: { () throws(CmdopError) in throw CmdopError(.unauthenticated, "the fleet was asked") },
        ownNames: { names }, state: { .alone },
        daemon: { () throws(CmdopError) in throw CmdopError(.unavailable, "the daemon was asked") }))
  }

  @Test(
    "Who names this machine as others do means its own daemon, whatever the case; other names go to the fleet",
    arguments: [
      ("cmdop://localhost/etc/hosts", "daemon"), ("cmdop://box/etc/hosts", "daemon"),
      ("cmdop://BOX/etc/hosts", "daemon"), ("cmdop://machines/4f1c/sessions", "daemon"),
      ("cmdop://web/etc/hosts", "fleet"),
    ])
  func ways(_ uri: String, _ asked: String) async throws {
    let offer = await Self.offer(["box", "4f1c"])
    let error = await #expect(throws: RPCError.self) { try await offer.readResource(uri, Self.call) }
    #expect(error?.message.contains("the \(asked) was asked") == true, "\(error?.message ?? "")")
  }
}
