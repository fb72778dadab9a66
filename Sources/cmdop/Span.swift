import ArgumentParser
import Core

/// A duration as people write it: 500ms, 30s, 5m, 24h, 7d; a bare number counts seconds.
struct Span: ExpressibleByArgument, CustomStringConvertible {
  let duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("", 1)]
    guard let (suffix, factor) = units.first(where: { argument.hasSuffix($0.0) }),
      let number = Double(argument.dropLast(suffix.count)), number >= 0, number * factor < 1e9
    else { return nil }
    duration = .seconds(number * factor)
  }

  /// The same for what counts longer times.
  var wholeSeconds: UInt64 { UInt64(seconds) }

  /// Whole seconds, at least 1.
  var seconds: UInt32 { UInt32(clamping: max(1, Int(duration / .seconds(1)))) }

  /// In the largest unit that leaves no rest: 7d, 36h, 90s, 500ms.
  var description: String {
    let milliseconds = Int64((duration / .milliseconds(1)).rounded())
    // A day is called 24h, as everybody writes it.
    for (unit, size) in [("d", Int64(86_400_000)), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
    where milliseconds > 0 && milliseconds % size == 0 && (unit != "d" || milliseconds > size) {
      return "\(milliseconds / size)\(unit)"
    }
    return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
  }
  var defaultValueDescription: String { description }

  /// A limit of nothing is refused where none means that there is no limit. `otherwise`: what happens without the option.
  static func check(_ span: Span?, _ option: String, otherwise: String, hint: String) throws(CmdopError) {
    if span?.duration == .zero { throw nothing("\(option) 0 would be over at once", otherwise, hint) }
  }

  static func check(_ count: UInt32?, _ option: String, hint: String) throws(CmdopError) {
    if count == 0 { throw nothing("\(option) 0 would let nobody in", "there is no limit", hint) }
  }

  private static func nothing(_ why: String, _ otherwise: String, _ hint: String) -> CmdopError {
    CmdopError(.badUsage, "\(why); without the option \(otherwise)", hint: hint)
  }
}
