/// A machine of a fleet: a UUID, lower case.
public struct MachineID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }
}

/// A stored, resumable terminal or conversation: a UUID, lower case.
public struct SessionID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }
}

/// A tenant: a UUID, lower case.
public struct FleetID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }
}

/// A person's account at a relay: a UUID, lower case.
public struct AccountID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public init(_ rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }
}

/// Makes a new UUID (RFC 9562, version 4), lower case.
public func newIdentifier(using generator: inout some RandomNumberGenerator) -> String {
  var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  bytes[6] = bytes[6] & 0x0f | 0x40
  bytes[8] = bytes[8] & 0x3f | 0x80
  let hex = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  var cuts = hex.makeIterator()
  return [8, 4, 4, 4, 12].map { length in String((0..<length).compactMap { _ in cuts.next() }) }.joined(separator: "-")
}

public func newIdentifier() -> String {
  var generator = SystemRandomNumberGenerator()
  return newIdentifier(using: &generator)
}

/// Whether `text` has the shape of a UUID. Such input names an id and nothing else (docs/wire.md, "Names").
public func hasIdentifierShape(_ text: String) -> Bool {
  let groups = text.split(separator: "-", omittingEmptySubsequences: false)
  return groups.map(\.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
}
