import ArgumentParser
import Connect
import Core
import Host
import Synchronization
import Wire

struct SessionCreateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Start a session without attaching to it.",
    discussion: "Example: cmdop session create box --name build -- make -j8")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Argument(help: "The machine.") var host: String
  @Option(help: "Its name: letters, digits, \"-\", \"_\", \".\".") var name = ""
  @Option(help: "Its working directory.") var cwd = ""
  @Option(help: "End it after so long without a client and without output: 30s to 30d.") var idle: Span?
  @Flag(inversion: .prefixedNo, help: "Record its output with its timing.") var record: Bool?
  @Argument(parsing: .postTerminator, help: "The program; without it the login shell.") var command: [String] = []

  func work() async throws {
    var beginning = SessionBeginning.likeHere()
    (beginning.name, beginning.directory, beginning.arguments) = (name, cwd, command)
    (beginning.idleSeconds, beginning.isRecorded) = (idle?.seconds ?? 0, record)
    let size = StandardStreams.isTerminal(0) ? OwnTerminal.size : .standard
    let started = try await SessionClient(try await options.reach(pin: pin)).create(on: host, beginning, size: size)
    if options.json {
      return Report.json(["session_id": started.sessionID, "name": started.name, "hostname": started.hostname])
    }
    Report.line(started.sessionID)
    Report.note(
      "session \(started.name) runs on \(started.hostname); attach: cmdop connect \(host) --session \(started.name)")
  }
}

extension SessionBeginning {
  /// With the terminal type and the language of where we are.
  static func likeHere() -> SessionBeginning {
    var beginning = SessionBeginning()
    beginning.term = Start.variable("TERM") ?? "xterm-256color"
    beginning.environment = Start.environment.withLock { all in
      all.filter { $0.key == "COLORTERM" || $0.key == "LANG" || $0.key.hasPrefix("LC_") }
    }
    return beginning
  }
}
