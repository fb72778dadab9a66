import Foundation

/// The table of rooms, read from Package.swift.
enum FloorPlan {
  struct Room: Sendable, CustomStringConvertible {
    let name: String
    let floor: Int
    /// Rooms it declares.
    let uses: Set<String>
    /// Modules of other packages it declares.
    let rents: Set<String>
    let closet: String?
    var description: String { name }
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let rooms = rows(of: "rooms")
  static let tests = rows(of: "tests")
  static let names = Set(rooms.map(\.name))

  private static let manifest = (try? String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)) ?? ""

  /// `let nio = product("NIOCore", of: "swift-nio")` → ["nio": "NIOCore"]
  private static let products = Dictionary(
    manifest.matches(of: /(?m)^let (\w+) = product\("(\w+)"/).map { (String($0.1), String($0.2)) },
    uniquingKeysWith: { first, _ in first })

  /// The rows of `let <table>: [Room] = [ … ]`.
  private static func rows(of table: String) -> [Room] {
    guard let start = manifest.range(of: "let \(table): [Room] = ["),
      let end = manifest.range(of: "\n]", range: start.upperBound..<manifest.endIndex)
    else { return [] }
    let row =
      /room\("(\w+)",\s+floor: (\d), uses: \[([^\]]*)\](?:, rents: \[([^\]]*)\])?(?:, closet: "(\w+)")?(?:, aside: \[[^\]]*\])?\)/
    return manifest[start.upperBound..<end.lowerBound].matches(of: row).map { match in
      Room(
        name: String(match.1), floor: Int(match.2) ?? -1,
        uses: Set(match.3.matches(of: /\w+/).map { String($0.0) }),
        rents: Set((match.4 ?? "").matches(of: /\w+/).map { products[String($0.0)] ?? String($0.0) }),
        closet: match.5.map { String($0) })
    }
  }
}
