import ArgumentParser
import Connect
import Core
import Host
import Logging
import Synchronization
import Wire

/// What this process was started with. Read here and nowhere else.
enum Start {
  static let environment = Mutex<[String: String]>([:])
  static func variable(_ name: String) -> String? {
    environment.withLock { $0[name] }.flatMap { $0.isEmpty ? nil : $0 }
  }
}

/// Options of every verb. Flags > CMDOP_* environment > defaults.
struct GlobalOptions: ParsableArguments {
  @Flag(name: .long, help: "Print results as JSON; fields are only ever added.")
  var json = false
  @Flag(name: [.customShort("q"), .customLong("no-interactive")], help: "Never ask, never wait for a key.")
  var quiet = false
  @Option(name: .long, help: "Relay to talk to: host[:port][#fingerprint]. (CMDOP_SERVER)")
  var server: String?
  @Option(name: [.customLong("fleet"), .customLong("workspace")], help: "Fleet to work in. (CMDOP_FLEET)")
  var fleet: String?
  @Option(name: .long, help: "Where cmdop keeps its files. (CMDOP_HOME, default ~/.cmdop)")
  var home: String?
  @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical. (CMDOP_LOG_LEVEL)")
  var logLevel: String?

  func place() throws(CmdopError) -> Home {
    if let path = home ?? Start.variable("CMDOP_HOME") {
      guard !path.isEmpty else {
        throw CmdopError(.badUsage, "--home needs a directory", hint: "cmdop status --home ~/.cmdop")
      }
      guard path.hasPrefix("/") else { return Home(Start.workingDirectory + "/" + path) }
      return Home(path)
    }
    return Home(try UserAccount.current().home + "/.cmdop")
  }

  func level() throws(CmdopError) -> Logger.Level {
    guard let text = logLevel ?? Start.variable("CMDOP_LOG_LEVEL") else { return .info }
    guard let level = Logger.Level(rawValue: text) else {
      throw CmdopError(.badUsage, "\"\(text)\" is no log level", hint: "cmdop agent restart --log-level debug")
    }
    return level
  }

  /// The relay that is meant: see docs/settings.md.
  func choice() throws(CmdopError) -> RelayChoice {
    try RelayChoice(home: try place(), server: server ?? Start.variable("CMDOP_SERVER"))
  }

  /// Name or id of the fleet that is meant; nil: the credential's own.
  var fleetWords: String? { fleet ?? Start.variable("CMDOP_FLEET") }

  /// The way to the fleet, from what this home knows. `pin`: for machines that want one.
  @Loop
  func reach(pin: PINOptions? = nil) async throws(CmdopError) -> Reach {
    let choice = try choice()
    let reach = try await choice.reach(fleet: fleetWords)
    reach.pins = desk(pin, keyring: Keyring(home: choice.home), reach)
    return reach
  }

  /// `keyring` nil: nothing is remembered.
  @Loop
  func desk(_ pin: PINOptions?, keyring: Keyring?, _ reach: Reach) -> PINDesk {
    let desk = PINDesk(given: pin?.given ?? Start.variable("CMDOP_PIN"), keyring: keyring, reach: reach)
    if canAsk {
      desk.ask = { (question) throws(CmdopError) in
        guard let answer = try await TerminalQuestion.ask(question, isHidden: true) else {
          throw CmdopError(.pinRequired, "there is no terminal to ask for the PIN at", hint: PINDesk.again())
        }
        return answer
      }
    }
    return desk
  }

  /// How the fleet gets its first machine: on the relay's host with its own key, else with a new one.
  var joinKeyHint: String {
    if let choice = try? choice(), case .login = choice.credential { return "cmdop fleet join-key create" }
    let isHost = (try? RelayStatusFile.running(in: place())) ?? nil != nil
    return isHost ? "cmdop join \"$(cmdop relay join-key)\"" : "cmdop fleet join-key create"
  }

  /// Whether somebody is there to be asked.
  var canAsk: Bool { !quiet && StandardStreams.isTerminal(0) }
}

extension Start {
  static var workingDirectory: String { variable("PWD") ?? "/" }
}
