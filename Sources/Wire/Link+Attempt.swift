import Core
import NIOCore

extension Link {
  /// What can be closed of a connection that is being made.
  @Loop
  final class Attempt: Sendable {
    enum Stage: Sendable {
      /// Nobody was found yet, or nothing came of it.
      case seeking
      /// Somebody took the connection, and must now prove who it is.
      case greeting
      case made
    }

    private(set) var stage = Stage.seeking
    /// A name may have several addresses.
    private var channels: [any Channel] = []
    private var isGivenUp = false

    func made(_ channel: any Channel) {
      if isGivenUp { channel.close(promise: nil) } else { channels.append(channel) }
    }

    func greets() { stage = .greeting }

    /// It came to nothing.
    func failed() { stage = .seeking }

    /// The connection stands, and whoever gives this attempt up from now on is too late. False when somebody has already.
    func done() -> Bool {
      guard !isGivenUp else { return false }
      (stage, channels) = (.made, [])
      return true
    }

    func giveUp() {
      isGivenUp = true
      for channel in channels { channel.close(promise: nil) }
      channels = []
    }
  }
}
