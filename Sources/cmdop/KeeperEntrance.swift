import Core
import Host

/// The keeper's way in: before anything else of the program, so that the keeper stays small.
enum KeeperEntrance {
  static let word = "terminal-keeper"

  /// Serves as keeper if that is what the words ask for: `terminal-keeper SOCKET LOCK`; then does not return.
  static func takeIfMeant(_ words: [String]) {
    guard words.count == 4, words[1] == word else { return }
    do { try KeeperRole.run(socket: words[2], lockFile: words[3]) } catch {
      // Another one serves already: that is as good.
      guard error.code != .exists else { Cmdop.leave(0) }
      StandardStreams.writeError(Array("error: \(error.message)\n".utf8))
      Cmdop.leave(1)
    }
    Cmdop.leave(0)
  }
}
