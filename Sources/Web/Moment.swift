import FoundationEssentials

/// A time for people: exact, and how far away.
enum Moment {
  /// Both in milliseconds since 1970.
  static func html(_ time: Int64, now: Int64) -> HTML {
    let exact = Date(timeIntervalSince1970: Double(time) / 1000).formatted(.iso8601)
    let day = exact.prefix(10)
    let clock = exact.dropFirst(11).prefix(5)
    return "<time datetime=\"\(exact)\">\(String(day)) \(String(clock)) UTC</time> (\(distance(time - now)))"
  }

  /// `milliseconds`: negative for what is past.
  static func distance(_ milliseconds: Int64) -> String {
    let seconds = milliseconds.magnitude / 1000
    let amount =
      switch seconds {
      case 0..<60: "less than a minute"
      case 60..<120: "a minute"
      case 120..<7200: "\(seconds / 60) minutes"
      case 7200..<172_800: "\(seconds / 3600) hours"
      default: "\(seconds / 86_400) days"
      }
    return milliseconds > 0 ? "in \(amount)" : "\(amount) ago"
  }
}
