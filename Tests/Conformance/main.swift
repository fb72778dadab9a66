import Core
import MCP
import MCPFixtures
import Wire

// The fixtures of the official conformance suite behind our MCP server: `swift run mcp-conformance 8080`, then
// `npx @modelcontextprotocol/conformance server --url http://127.0.0.1:8080/mcp`. Without a port: over standard input and output
// nothing is served; the suite speaks HTTP only.
let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 0
let door = EndpointDoor(FixtureOffer(), token: nil)
let listener = try await Listener.http(port: port, door: door)
print("http://127.0.0.1:\(await listener.port)\(EndpointDoor.path)")
await door.run()
