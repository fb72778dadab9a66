public import Core

/// Where the messages go that belong to one request: standard output, one HTTP response, one stream of events.
@Loop
public protocol ReplySink: AnyObject, Sendable {
  /// Puts the message behind those that wait. Whoever puts many waits for `drained`.
  func put(_ message: JSON)
  /// The same for what may be left out: dropped when the reader is behind.
  func mention(_ message: JSON)
  /// Returns once only a bounded number of bytes waits, or nobody reads any more.
  func drained() async
}
