/// Which room may import which module from outside. A module that is not here may be imported by nobody: a line here
/// needs a reason in docs/decisions.
enum Landlords {
  /// Open to every room.
  static let common: Set<String> = ["Swift", "Synchronization", "FoundationEssentials", "Logging", "Metrics"]

  /// Comes with the system, so it has no row in Package.swift.
  static let system: Set<String> = [
    "CHost", "Darwin", "Dispatch", "Foundation", "FoundationNetworking", "Glibc", "Musl",
  ]

  /// What protoc writes may use besides what its room rents.
  static let inGenerated: Set<String> = ["Foundation"]

  static let tenants: [String: Set<String>] = [
    // The words of the event loop: a byte on its way is a ByteBuffer (docs/decisions/0002).
    "NIOCore": ["Core", "Host", "Wire", "Connect", "Session", "Agent", "Daemon", "MCP", "Relay", "cmdop"],
    // Makes loops and channels.
    "NIOPosix": ["Core", "Host", "Wire"],
    // The network is Wire's alone (docs/decisions/0003).
    "NIOHTTP1": ["Wire", "Agent"], "NIOTLS": ["Wire"], "NIOSSL": ["Wire"], "NIOHTTP2": ["Wire"], "NIOHPACK": ["Wire"],
    "SwiftProtobuf": ["Wire"], "GRPCCore": ["Wire"], "GRPCProtobuf": ["Wire"],
    "X509": ["Wire"], "SwiftASN1": ["Wire"],
    // Digests: identities, tokens; the ids of rules and the chain of the gate's log (docs/decisions/0009).
    "Crypto": ["Wire", "Fleet", "Permission", "Tools"],
    // permissions.yaml (docs/decisions/0009).
    "Yams": ["Permission"],
    // Slow hashes for what people choose, and signed tokens (docs/decisions/0007).
    "CryptoExtras": ["Fleet"], "JWTKit": ["Fleet"],
    // Models are asked over HTTP; its requests and answers speak NIOHTTP1 (docs/decisions/0008).
    "AsyncHTTPClient": ["Agent"],
    "GRDB": ["Store"],
    "ArgumentParser": ["cmdop"],
    // Draws a sign-in's address for a telephone (docs/decisions/0007).
    "CQRCodeGen": ["cmdop"],
    // The operating system.
    "CHost": ["Host"], "Glibc": ["Host"], "Musl": ["Host"], "Darwin": ["Host"], "Dispatch": ["Host"],
    // Carries 50 MB of time zones and languages; FoundationEssentials is enough.
    "Foundation": [], "FoundationNetworking": [],
  ]
}
