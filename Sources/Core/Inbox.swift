/// A queue with one reader on the loop. It has no bound of its own: its owner stops its source while `isEmpty` is false.
@Loop
public final class Inbox<Element: Sendable> {
  private var elements: [Element] = []
  private var read = 0
  private var end: Result<Void, any Error>?
  private var reader: CheckedContinuation<Void, Never>?
  /// Called when the reader has taken everything and wants more: the place to ask the source to go on.
  public var whenHungry: (() -> Void)?

  public init() {}

  public var isEmpty: Bool { read == elements.count }
  public var hasEnded: Bool { end != nil }

  public func push(_ element: Element) {
    guard end == nil else { return }
    elements.append(element)
    wake()
  }

  /// No more elements follow. What is queued is still delivered; then the reader gets nil, or the error.
  public func finish(_ error: (any Error)? = nil) {
    guard end == nil else { return }
    end = error.map { .failure($0) } ?? .success(())
    wake()
  }

  /// The next element, or nil at the end. Throws `CancellationError` when the reading task is cancelled.
  public func next() async throws -> Element? {
    while true {
      if read < elements.count { return take() }
      if let end {
        try end.get()
        return nil
      }
      try Task.checkCancellation()
      whenHungry?()
      if read < elements.count || end != nil { continue }
      precondition(reader == nil, "an inbox has one reader")
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          // Looked at again: on the way here the task may have left the loop, and what it waits for may have come.
          let isDone = read < elements.count || end != nil || Task.isCancelled
          if isDone { continuation.resume() } else { reader = continuation }
        }
      } onCancel: {
        Loop.enqueue { self.wake() }
      }
    }
  }

  /// All that has arrived and was not read yet.
  public func takeAll() -> [Element] {
    defer { elements = []; read = 0 }
    return Array(elements[read...])
  }

  private func take() -> Element {
    let element = elements[read]
    read += 1
    if read == elements.count { elements.removeAll(keepingCapacity: true); read = 0 }
    return element
  }

  private func wake() {
    reader?.resume()
    reader = nil
  }
}
