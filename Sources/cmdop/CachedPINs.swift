import Core
import FoundationEssentials
import Host

/// The PINs of other machines that this client has put by, in credentials.json: `{"pins_cached": {id: {pin, until_ms}}}`.
/// Reads and changes that key and nothing else of the file. A PIN is never shown.
struct CachedPINs {
  let home: Home
  private static let key = "pins_cached"

  struct Entry {
    let machine: String
    /// Milliseconds since 1970.
    let until: Int64
  }

  /// Those that still count at this time, by id.
  func list(now: Int64) throws(CmdopError) -> [Entry] {
    guard case .object(let pins)? = try file()[Self.key] else { return [] }
    return pins.compactMap { id, value -> Entry? in
      guard case .object(let entry) = value, case .integer(let until)? = entry["until_ms"], until > now else {
        return nil
      }
      return Entry(machine: id, until: until)
    }
    .sorted { $0.machine < $1.machine }
  }

  /// Forgets one. False when there is none for this id.
  func forget(_ machine: String) async throws(CmdopError) -> Bool {
    try await FileLock.hold(home.credentials + ".lock", what: "the credentials") { () throws(CmdopError) in
      var file = try file()
      guard case .object(var pins)? = file[Self.key], pins.removeValue(forKey: machine) != nil else { return false }
      file[Self.key] = .object(pins)
      try home.save(JSONValue.object(file), home.credentials)
      return true
    }
  }

  private func file() throws(CmdopError) -> [String: JSONValue] {
    guard case .object(let members)? = try home.load(JSONValue.self, home.credentials) else { return [:] }
    return members
  }
}

/// Any JSON, kept as it is.
enum JSONValue: Codable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let one = try decoder.singleValueContainer()
    if one.decodeNil() {
      self = .null
    } else if let value = try? one.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? one.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? one.decode(Double.self) {
      self = .number(value)
    } else if let value = try? one.decode(String.self) {
      self = .text(value)
    } else if let value = try? one.decode([JSONValue].self) {
      self = .list(value)
    } else {
      self = .object(try one.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var one = encoder.singleValueContainer()
    switch self {
    case .null: try one.encodeNil()
    case .bool(let value): try one.encode(value)
    case .integer(let value): try one.encode(value)
    case .number(let value): try one.encode(value)
    case .text(let value): try one.encode(value)
    case .list(let value): try one.encode(value)
    case .object(let value): try one.encode(value)
    }
  }
}
