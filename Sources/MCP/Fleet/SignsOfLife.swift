import Core

/// When something was heard last of a call that another machine works on.
@Loop
final class SignsOfLife: Sendable {
  var last = ContinuousClock.now

  /// Returns once nothing was heard for `silence`, but not before `time` and as much again; or when its task is cancelled.
  func end(after time: Duration, silence: Duration) async {
    var end = last + time + silence
    while case let left = end - .now, left > .zero {
      guard (try? await Loop.pause(left)) != nil else { return }
      end = max(end, last + silence)
    }
  }
}
