import Core
import NIOCore

/// Where a listener's HTTP/1.1 connections lead.
struct HTTPEntrance: Sendable {
  let door: any HTTPDoor
  let crowd: HTTPCrowd
}

/// The HTTP/1.1 requests in hand, of all connections together.
@Loop
final class HTTPCrowd: Sendable {
  private let most: Int
  private let mostBytes: Int
  private var count = 0
  private var bytes = 0

  /// `mostBytes`: of their bodies.
  nonisolated init(most: Int, mostBytes: Int) { (self.most, self.mostBytes) = (most, mostBytes) }

  /// Connections on which nothing was asked yet, the oldest first.
  private var silent: [any Channel] = []

  func arrived(_ channel: any Channel) { silent.append(channel) }
  /// It asks, or it is gone.
  func spoke(_ channel: any Channel) {
    if let index = silent.firstIndex(where: { $0 === channel }) { silent.remove(at: index) }
  }
  /// Makes room: who says nothing is not to keep others out. False: everybody has something to say.
  func closeOldestSilent() -> Bool {
    guard !silent.isEmpty else { return false }
    silent.removeFirst().close(promise: nil)
    return true
  }

  /// False: too many.
  func enter() -> Bool {
    guard count < most else { return false }
    count += 1
    return true
  }

  /// Somebody who is in says more. False: there is no room for it.
  func take(_ more: Int) -> Bool {
    guard bytes + more <= mostBytes else { return false }
    bytes += more
    return true
  }

  /// `bytes`: what was taken.
  func leave(bytes given: Int) {
    count -= 1
    bytes -= given
  }
}
