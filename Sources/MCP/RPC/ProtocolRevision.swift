/// The revisions of the Model Context Protocol that are spoken here, oldest first, as peers write them.
public enum ProtocolRevision: String, Hashable, Sendable, CaseIterable, Comparable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  case july2026 = "2026-07-28"

  /// The newest that begins with `initialize`.
  public static let lastWithHandshake = november2025
  /// Without handshake and sessions: every request says all that is to be known of it.
  public var isStateless: Bool { self >= .july2026 }

  public static let withHandshake = allCases.filter { !$0.isStateless }
  public static let stateless = allCases.filter(\.isStateless)

  /// By date: ISO dates sort as text.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
