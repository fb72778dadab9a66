import Core
import GRDB

/// A value of a column.
public enum SQLValue: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByNilLiteral
{
  case null
  case integer(Int64)
  case text(String)

  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(nilLiteral: ()) { self = .null }
  public init(_ value: Int64?) { self = value.map { .integer($0) } ?? .null }
  public init(_ value: String?) { self = value.map { .text($0) } ?? .null }
}

/// What can be said to the database inside `read` and `write`.
public struct Statements {
  let connection: GRDB.Database

  /// Runs one statement; returns how many rows it changed.
  @discardableResult
  public func execute(_ sql: String, _ values: [SQLValue] = []) throws -> Int {
    try connection.execute(sql: sql, arguments: Self.arguments(values))
    return connection.changesCount
  }

  public func rows(_ sql: String, _ values: [SQLValue] = []) throws -> [SQLRow] {
    try GRDB.Row.fetchAll(connection, sql: sql, arguments: Self.arguments(values)).map { SQLRow(row: $0) }
  }

  private static func arguments(_ values: [SQLValue]) -> StatementArguments {
    StatementArguments(
      values.map { value -> (any DatabaseValueConvertible)? in
        switch value {
        case .null: nil
        case .integer(let number): number
        case .text(let text): text
        }
      })
  }
}

/// One row. A column that is missing or of another type is nil: what was read back was written by us, but files can rot.
public struct SQLRow {
  let row: GRDB.Row

  public func text(_ column: String) -> String { value(column).flatMap(String.fromDatabaseValue) ?? "" }
  public func integer(_ column: String) -> Int64? { value(column).flatMap(Int64.fromDatabaseValue) }

  private func value(_ column: String) -> DatabaseValue? { row[column] }
}
