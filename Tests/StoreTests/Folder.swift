import Core
import Foundation
import Store
import Synchronization

/// A throwaway directory, gone when `body` returns.
func withFolder<T>(
  isolation: isolated (any Actor)? = #isolation, _ body: (String) async throws -> T
) async throws -> T {
  let path = "/tmp/cmdop-store-\(newIdentifier().prefix(8))"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

/// The permission bits of a file, nil when there is none.
func mode(of path: String) -> Int? {
  let facts = try? FileManager.default.attributesOfItem(atPath: path)
  return (facts?[.posixPermissions] as? NSNumber)?.intValue
}

/// What `body` was refused with; nil when it was not, or when something else than one of our errors came.
func refusal<T>(
  isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> T
) async -> CmdopError? {
  do {
    _ = try await body()
    return nil
  } catch { return error as? CmdopError }
}

enum Fruit {
  static let table = Migration("fruit-1", "CREATE TABLE fruit (name TEXT PRIMARY KEY, number INTEGER)")
  static let colour = Migration("fruit-2", "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green'")

  static func add(_ name: String, _ number: Int64, to database: Database) async throws {
    try await database.write { db in
      try db.execute("INSERT INTO fruit (name, number) VALUES (?, ?)", [.text(name), .integer(number)])
    }
  }

  static func names(in database: Database) async throws -> [String] {
    try await database.read { db in
      try db.rows("SELECT name FROM fruit ORDER BY name").map { $0.text("name") }
    }
  }
}

/// How far two tasks have come.
final class Stage: Sendable {
  let begun = Atomic(false)
  let read = Atomic(false)

  /// Holds the database's own thread, on purpose, until somebody has read; false after 20 s.
  func waitForReader() -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while !read.load(ordering: .acquiring) { if ContinuousClock.now > deadline { return false } }
    return true
  }
}
