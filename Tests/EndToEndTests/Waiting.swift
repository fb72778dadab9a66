import Foundation
import Testing

/// What did not come true in time.
struct StillNotSo: Error, CustomStringConvertible {
  let description: String
}

/// Waits until something is so, at most `seconds`. Looking again after a pause is the only way to wait for other
/// processes; what is waited for is always a condition, never a time. `detail` is asked for when it was in vain.
func eventually(
  _ what: String, within seconds: Double = 30, detail: () -> String = { "" }, _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      let more = detail()
      throw StillNotSo(description: "still not so after \(seconds) s: \(what)" + (more.isEmpty ? "" : "\n\(more)"))
    }
    try await Task.sleep(for: .milliseconds(25))
  }
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
  private let lock = NSLock()
  private var stored: Value
  init(_ value: Value) { stored = value }
  var value: Value { lock.withLock { stored } }
  func set(_ value: Value) { lock.withLock { stored = value } }
  func change<T>(_ body: (inout Value) -> T) -> T { lock.withLock { body(&stored) } }
}

/// How many streets are lived in at a time: more would only wait for each other's processors.
enum Traffic {
  private static let free = Locked(max(3, ProcessInfo.processInfo.activeProcessorCount * 2))

  static func enter() async throws {
    try await eventually("there is room for another street", within: 600) {
      free.change { free in
        guard free > 0 else { return false }
        free -= 1
        return true
      }
    }
  }

  static func leave() { free.change { $0 += 1 } }
}
