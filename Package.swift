// swift-tools-version: 6.2
import PackageDescription

// What the rooms rent from outside. HouseTests knows which room may rent what.
let nio = product("NIOCore", of: "swift-nio")
let nioPosix = product("NIOPosix", of: "swift-nio")
let nioHTTP1 = product("NIOHTTP1", of: "swift-nio")
let nioTLS = product("NIOTLS", of: "swift-nio")
let nioSSL = product("NIOSSL", of: "swift-nio-ssl")
let nioHTTP2 = product("NIOHTTP2", of: "swift-nio-http2")
let nioHPACK = product("NIOHPACK", of: "swift-nio-http2")
let protobuf = product("SwiftProtobuf", of: "swift-protobuf")
let grpc = product("GRPCCore", of: "grpc-swift-2")
let grpcProtobuf = product("GRPCProtobuf", of: "grpc-swift-protobuf")
let grdb = product("GRDB", of: "GRDB.swift")
let crypto = product("Crypto", of: "swift-crypto")
let cryptoExtras = product("CryptoExtras", of: "swift-crypto")
let jwt = product("JWTKit", of: "jwt-kit")
let asn1 = product("SwiftASN1", of: "swift-asn1")
let x509 = product("X509", of: "swift-certificates")
let httpClient = product("AsyncHTTPClient", of: "async-http-client")
let yams = product("Yams", of: "Yams")
let log = product("Logging", of: "swift-log")
let arguments = product("ArgumentParser", of: "swift-argument-parser")

// The floor plan. A room may use only rooms on lower floors, and it imports exactly what stands in its row:
// HouseTests reads this table and holds it against the imports. `docs/house.md` explains it.
// swift-format-ignore
let rooms: [Room] = [
  room("Core",       floor: 0, uses: [], rents: [nio, nioPosix]),
  room("Host",       floor: 1, uses: ["Core"], rents: [nio, nioPosix], closet: "CHost"),
  room("Permission", floor: 1, uses: ["Core"], rents: [crypto, yams]),
  room("Store",      floor: 1, uses: ["Core"], rents: [grdb]),
  room("Wire",       floor: 1, uses: ["Core"], rents: [
    nio, nioPosix, nioHTTP1, nioTLS, nioSSL, nioHTTP2, nioHPACK, protobuf, grpc, grpcProtobuf, crypto, x509, asn1,
  ]),
  room("Connect",    floor: 2, uses: ["Core", "Host", "Wire"], rents: [nio]),
  room("Fleet",      floor: 2, uses: ["Core", "Store"], rents: [crypto, cryptoExtras, jwt]),
  room("Session",    floor: 2, uses: ["Core", "Store"], rents: [nio]),
  room("Tools",      floor: 2, uses: ["Core", "Host", "Permission"], rents: [crypto]),
  room("Agent",      floor: 3, uses: ["Core", "Session"], rents: [nio, nioHTTP1, httpClient]),
  room("AskMachine", floor: 3, uses: ["Connect", "Core", "Wire"]),
  room("Daemon",     floor: 4, uses: ["Agent", "Core", "Fleet", "Session", "Tools", "Wire"], rents: [nio, log]),
  room("MCP",        floor: 4, uses: ["Connect", "Core", "Wire"], rents: [nio]),
  room("Relay",      floor: 4, uses: ["Core", "Fleet", "Session", "Wire"], rents: [nio, log]),
  room("Web",        floor: 4, uses: ["Core"]),
]

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// The tests of a room see that room and what lies below it. The end-to-end tests see only the binary.
// swift-format-ignore
let tests: [Room] = [
  room("CoreTests",     floor: 6, uses: ["Core"], rents: [nio, nioPosix]),
  room("HostTests",     floor: 6, uses: ["Core", "Host"], rents: [nio], closet: "CHost"),
  room("WireTests",     floor: 6, uses: ["Core", "Wire"], rents: [nio, nioPosix]),
  room("ConnectTests",  floor: 6, uses: ["Connect", "Core", "Host", "Wire"], rents: [nio]),
  room("StoreTests",    floor: 6, uses: ["Core", "Store"]),
  room("FleetTests",    floor: 6, uses: ["Core", "Fleet", "Store"], rents: [crypto]),
  room("SessionTests",  floor: 6, uses: ["Core", "Session", "Store"], rents: [nio], aside: ["Fixtures"]),
  room("PermissionTests", floor: 6, uses: ["Core", "Host", "Permission", "Tools"]),
  room("AgentTests",    floor: 6, uses: ["Agent", "Core", "Session", "Store"], rents: [nio]),
  room("AskMachineTests", floor: 6, uses: ["AskMachine", "Connect", "Core", "Wire"], rents: [nio]),
  room("DaemonTests",   floor: 6, uses: [
    "Agent", "Core", "Daemon", "Fleet", "Host", "Permission", "Session", "Store", "Tools", "Wire",
  ], rents: [crypto, log, nio]),
  room("ToolsTests",    floor: 6, uses: ["Core", "Host", "Tools"]),
  room("RelayTests",    floor: 6, uses: [
    "AskMachine", "Connect", "Core", "Fleet", "Relay", "Session", "Store", "Web", "Wire",
  ], rents: [nio, log]),
  room("WebTests",      floor: 6, uses: ["Core", "Web"]),
  room("MCPTests",      floor: 6, uses: ["Connect", "Core", "Host", "MCP", "Wire"], rents: [nio, nioHTTP1, nioPosix], closet: "MCPFixtures", aside: [
    "Support"
  ]),
  room("HouseTests",    floor: 6, uses: []),
  room("EndToEndTests", floor: 6, uses: [], closet: "CHost", aside: ["Support"]),
]

struct Room {
  let name: String
  let dependencies: [Target.Dependency]
  /// What stands beside the code and is not built.
  let aside: [String]
}

func room(
  _ name: String, floor: Int, uses: [String], rents: [Target.Dependency] = [], closet: String? = nil,
  aside: [String] = []
) -> Room {
  Room(name: name, dependencies: (uses + [closet].compactMap(\.self)).map { .byName(name: $0) } + rents, aside: aside)
}

func product(_ name: String, of package: String) -> Target.Dependency { .product(name: name, package: package) }

// A list of its own each: the compiler takes long over one long sum.
let closets: [Target] = [
  .target(name: "CHost", path: "Sources/Shims/CHost"),
  .systemLibrary(name: "CQRCodeGen", path: "Sources/Shims/CQRCodeGen", providers: [.apt(["libqrcodegen-dev"])]),
]
let houses: [Target] = rooms.map { room in
  .target(name: room.name, dependencies: room.dependencies, exclude: ["README.md"], swiftSettings: settings)
}
let program: Target = .executableTarget(
  name: "cmdop",
  dependencies: rooms.map { .byName(name: $0.name) } + ["CQRCodeGen", arguments, log, nio],
  exclude: ["README.md"], swiftSettings: settings)
// What the official conformance suite wants to find behind an MCP server; for tests, no part of the product.
let fixtures: Target = .target(
  name: "MCPFixtures", dependencies: ["Core", "MCP"], path: "Tests/MCPFixtures", swiftSettings: settings)
let conformance: Target = .executableTarget(
  name: "mcp-conformance", dependencies: ["Core", "MCP", "MCPFixtures", "Wire"], path: "Tests/Conformance",
  swiftSettings: settings)
let testers: [Target] = tests.map {
  .testTarget(name: $0.name, dependencies: $0.dependencies, exclude: $0.aside, swiftSettings: settings)
}

let package = Package(
  name: "cmdop",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "cmdop", targets: ["cmdop"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
    .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: closets + houses + [program, fixtures, conformance] + testers
)
