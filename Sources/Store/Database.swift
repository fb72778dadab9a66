public import Core
import FoundationEssentials
import GRDB

/// SQLite, without knowing what is stored: opened once, migrated, written in turn, read at once.
public final class Database: Sendable {
  let writer: any DatabaseWriter
  let path: String

  /// Opens or makes the file (0600) and brings it to the newest schema, each migration once.
  /// Throws `version` when a newer program has written it, `internal` when it is damaged.
  public init(path: String, migrations: [Migration]) async throws(CmdopError) {
    self.path = path
    do {
      // SQLite gives its side files the mode of the main one.
      let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
      if FileManager.default.fileExists(atPath: path) {
        try? FileManager.default.setAttributes(mode, ofItemAtPath: path)
      } else {
        _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: mode)
      }
      var configuration = Configuration()
      configuration.busyMode = .timeout(5)
      configuration.foreignKeysEnabled = true
      writer = try DatabasePool(path: path, configuration: configuration)
    } catch { throw Self.translate(error, path) }
    try await migrate(migrations)
  }

  /// In memory, for tests.
  public init(inMemory migrations: [Migration]) async throws(CmdopError) {
    path = ":memory:"
    do { writer = try DatabaseQueue() } catch { throw Self.translate(error, path) }
    try await migrate(migrations)
  }

  private func migrate(_ migrations: [Migration]) async throws(CmdopError) {
    var migrator = DatabaseMigrator()
    for migration in migrations {
      migrator.registerMigration(migration.name) { try $0.execute(sql: migration.sql) }
    }
    let known = Set(migrations.map(\.name))
    do {
      let applied = try await writer.read { [migrator] in try migrator.appliedIdentifiers($0) }
      if let unknown = applied.subtracting(known).min() {
        throw CmdopError(
          .version, "\(path) was written by a newer cmdop (it knows \"\(unknown)\")",
          hint: "update cmdop on this machine")
      }
      try migrator.migrate(writer)
    } catch { throw Self.translate(error, path) }
  }

  /// Writes in a transaction: all or nothing, one after the other.
  @discardableResult
  public func write<T: Sendable>(_ body: @escaping @Sendable (Statements) throws -> T) async throws(CmdopError) -> T {
    do { return try await writer.write { try body(Statements(connection: $0)) } } catch {
      throw Self.translate(error, path)
    }
  }

  /// Reads a consistent state, beside writers.
  public func read<T: Sendable>(_ body: @escaping @Sendable (Statements) throws -> T) async throws(CmdopError) -> T {
    do { return try await writer.read { try body(Statements(connection: $0)) } } catch {
      throw Self.translate(error, path)
    }
  }

  static func translate(_ error: any Error, _ path: String) -> CmdopError {
    switch error {
    case let error as CmdopError: return error
    case is CancellationError: return CmdopError(.cancelled, "cancelled")
    case let error as DatabaseError:
      let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        return CmdopError(
          .internalError, "the database \(path) is damaged: \(reason)", hint: "mv \(path) \(path).damaged")
      case .SQLITE_FULL: return CmdopError(.limit, "the disk is full: \(path) cannot grow")
      case .SQLITE_BUSY, .SQLITE_LOCKED: return CmdopError(.unavailable, "\(path) is busy", hint: "try again")
      case .SQLITE_READONLY, .SQLITE_CANTOPEN: return CmdopError(.denied, "\(path) cannot be written: \(reason)")
      default: return CmdopError(.internalError, "the database \(path) failed: \(reason)")
      }
    default: return CmdopError(.internalError, "the database \(path) failed: \(error)")
    }
  }
}

/// One step of a schema. Never changed once released; later steps change what it made.
public struct Migration: Sendable {
  public let name: String
  public let sql: String
  public init(_ name: String, _ sql: String) { (self.name, self.sql) = (name, sql) }
}
