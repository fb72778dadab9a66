/// The revisions of the Model Context Protocol that this door will speak, oldest first, as clients write them.
public enum ProtocolRevision: String, Hashable, Sendable, CaseIterable, Comparable {
  case november2024 = "2024-11-05"
  case march2025 = "2025-03-26"
  case june2025 = "2025-06-18"
  case november2025 = "2025-11-25"
  case july2026 = "2026-07-28"

  /// By date: ISO dates sort as text.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
