import Core
import Synchronization

/// Host names that this client was told by a call that was allowed: completion repeats them, and tells nothing more.
final class ToldHosts: Sendable {
  private static let most = 10_000
  private let known = Mutex<Set<String>>([])

  /// `value`: what `list_machines` has said.
  func hear(_ value: String) {
    let machines = (try? JSON(parsing: value))?["machines"]?.array ?? []
    let names = machines.compactMap { $0["hostname"]?.string }
    known.withLock { known in
      if known.count + names.count > Self.most { known = [] }
      known.formUnion(names.prefix(Self.most))
    }
  }

  func beginning(with typed: String) -> [String] {
    known.withLock { $0.filter { $0.lowercased().hasPrefix(typed.lowercased()) } }.sorted()
  }
}
