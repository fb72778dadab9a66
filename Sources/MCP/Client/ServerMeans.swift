public import Core

/// What other servers are reached with. This room starts no programs and has no HTTP client; whoever wires it has.
public struct ServerMeans: Sendable {
  /// Starts a program with three pipes and a process group of its own: the words as they are, no shell.
  public var start: @Sendable (LaunchOrder) async throws(CmdopError) -> any Program
  public var poster: any HTTPPoster
  /// The value of `${env:NAME}`.
  public var variable: @Sendable (String) -> String?
  /// A line for the log.
  public var note: @Sendable (_ server: String, _ text: String, _ isTrouble: Bool) -> Void

  public init(
    start: @escaping @Sendable (LaunchOrder) async throws(CmdopError) -> any Program, poster: any HTTPPoster,
    variable: @escaping @Sendable (String) -> String?,
    note: @escaping @Sendable (_ server: String, _ text: String, _ isTrouble: Bool) -> Void = { _, _, _ in }
  ) {
    (self.start, self.poster, self.variable, self.note) = (start, poster, variable, note)
  }

  /// A new way to a server, and what of its settings must not be seen in what it says.
  func link(_ settings: ServerSettings) async throws(CmdopError) -> (link: any ServerLink, conceal: Concealment) {
    let (settings, conceal) = try settings.expanded(variable)
    switch settings.way {
    case .program(let words, let environment, let directory):
      let order = LaunchOrder(arguments: words, environment: environment, directory: directory)
      do throws(CmdopError) { return (StdioLink(try await start(order), conceal.whole), conceal) } catch {
        throw conceal.error(error)
      }
    case .http(let url, let headers):
      return (HTTPLink(url: url, headers: headers, poster: poster, secrets: conceal.whole), conceal)
    }
  }
}

/// Bounds of time for others' servers.
enum ServerTimes {
  /// From its start to the answer to our first words: a package may be fetched from the net before.
  static let start = Duration.seconds(120)
  /// For the whole list of tools, with all its pages.
  static let list = Duration.seconds(60)
  /// After a word that the list has changed: more such words mostly follow.
  static let settling = Duration.seconds(1)
  /// Between two readings of a list that nobody says changes of.
  static let usualLifetime = Duration.seconds(600)
  static let lifetimes = Duration.seconds(60)...Duration.seconds(3600)
}

extension CmdopError {
  /// With what the server's program has said beside the protocol: mostly that is the reason.
  func explained(by murmur: Murmur) -> CmdopError {
    var text = message
    if let line = murmur.lastLine { text += "; it said: \(line)" }
    let noise = murmur.noise
    if code == .timeout, noise.lines > 0 {
      text += "; its standard output has \(noise.lines) lines that are no messages, the first: \(noise.sample)"
    }
    return CmdopError(code, text, hint: hint, retryAfter: retryAfter)
  }
}
