import Core
import Host
import Logging
import MCP
import Wire

/// MCP over HTTP, beside the daemon: 127.0.0.1 and a token in a file.
struct MCPEndpoint {
  /// Next to the relay's usual one.
  static let usualPort = 63142

  let door: EndpointDoor
  private let listener: Listener
  let url: String

  /// `port` 0: a free one.
  init(_ offer: FleetOffer, home: Home, port: Int) async throws(CmdopError) {
    let known = try MCPToken.load(home)
    let token = if let known { known } else { try MCPToken.make(home) }
    door = EndpointDoor(offer, token: token)
    do throws(CmdopError) { listener = try await Listener.http(port: port, door: door) } catch {
      throw CmdopError(error.code, error.message, hint: "cmdop agent start --with-mcp --mcp-port 0")
    }
    url = "http://127.0.0.1:\(await listener.port)\(EndpointDoor.path)"
  }

  /// Until its task is cancelled.
  func run() async {
    await door.run()
    await listener.close()
  }
}

/// What opens the endpoint: 256 random bits in a file of its own, 0600.
enum MCPToken {
  static func load(_ home: Home) throws(CmdopError) -> String? {
    guard let bytes = try PrivateFiles.read(home.mcpToken, limit: 4096) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard text.utf8.count >= 32, text.utf8.allSatisfy({ (33...126).contains($0) }) else {
      throw CmdopError(
        .badUsage, "\(home.mcpToken) holds no token: 32 visible characters or more", hint: "cmdop mcp token --rotate")
    }
    return text
  }

  @discardableResult
  static func make(_ home: Home) throws(CmdopError) -> String {
    let bytes = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
    let token = "cmdop_mcp_" + bytes.map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
    try home.prepare()
    try PrivateFiles.write(Array((token + "\n").utf8), to: home.mcpToken)
    return token
  }
}
