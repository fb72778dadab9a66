import Core
import FoundationEssentials
import Host

/// Times as people write and read them. All of them are milliseconds since 1970; zero means never.
public enum TimeText {
  /// "2026-03-01 12:00:00Z": universal time, like the logs.
  public static func at(_ milliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return date.formatted(Date.ISO8601FormatStyle(dateTimeSeparator: .space))
  }

  /// When something ends, or that it has.
  public static func end(_ expires: Int64, revoked: Int64 = 0) -> String {
    revoked != 0 ? "revoked" : expires == 0 ? "never" : expires <= wallClock() ? "over" : at(expires)
  }

  /// nil for never, as JSON has it.
  public static func orNil(_ milliseconds: Int64) -> Int64? { milliseconds == 0 ? nil : milliseconds }

  /// "2026-03-01", "2026-03-01T12:00:00Z" (also with a blank, an offset, or parts of seconds); a date is its first moment in
  /// universal time. nil for anything else.
  public static func milliseconds(of text: String) -> Int64? {
    let plain = Date.ISO8601FormatStyle()
    let styles = [
      plain.year().month().day(), plain, Date.ISO8601FormatStyle(dateTimeSeparator: .space),
      Date.ISO8601FormatStyle(includingFractionalSeconds: true),
    ]
    // A style takes what it needs and leaves the rest: the longest match is meant.
    for style in text.count == 10 ? styles.prefix(1) : styles.dropFirst() {
      if let date = try? style.parse(text) { return Int64((date.timeIntervalSince1970 * 1000).rounded()) }
    }
    return nil
  }
}
