import ArgumentParser
import Connect
import Core
import Host
import NIOCore
import Wire

struct ExecCommand: Verb {
  static let configuration = named("exec")

  static func named(_ name: String) -> CommandConfiguration {
    CommandConfiguration(
      commandName: name, abstract: "Run one command on machines, without a terminal.",
      discussion: """
        Examples: cmdop exec box -- uname -a
                  cmdop exec box,web --json -- df -h
                  tar c . | cmdop exec box -- tar x -C /srv
        One word after -- is a line for the user's shell ('cd /srv && ls | wc -l'); several are exactly these words.
        Ends with the command's exit code, 128 + n when signal n ended it, 124 after --timeout, 255 when cmdop fails,
        141 when nobody reads its output any more ('| head').
        With several machines: 0 when all are, else the highest.
        """)
  }
  static let ownFailure: Int32? = 255
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Flag(help: "Run on all machines that are online.") var all = false
  @Option(help: "End the command after this time: 500ms, 30s, 5m.") var timeout: Span?
  @Option(name: .customLong("env"), help: "K=V for the command; repeatable.") var environment: [String] = []
  @Option(help: "Working directory there.") var cwd = ""
  @Flag(help: "Pass standard input, to one machine; done by itself when it is a pipe or a file.") var stdin = false
  @Option(help: "How many machines at a time.") var width = 64
  @Argument(help: "HOST, or HOST,HOST,…; not with --all.") var hosts: String?
  @Argument(parsing: .postTerminator, help: "The command, after --.") var command: [String] = []

  private static let inputForSeveral = CmdopError(
    .badUsage, "standard input goes to one machine only",
    hint: "cmdop exec HOST --stdin -- COMMAND   # without it: cmdop exec HOST,HOST -- COMMAND < /dev/null")

  func validate() throws {
    if let bad = environment.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
      throw ValidationError("--env \(bad) is not of the form K=V")
    }
    // All of them given up at once must not look like an attack: Wire/HTTP2Setup.
    if !(1...1000).contains(width) { throw ValidationError("--width is 1 to 1000") }
  }

  /// The `--` may be left out: `cmdop exec box uname -a`. Then it belongs behind HOST, the first word that is no option.
  static func withTerminator(_ words: [String]) -> [String] {
    guard let verb = words.firstIndex(of: "exec"), verb <= 1, !words.contains("--") else { return words }
    let takesValue = [
      "--timeout", "--env", "--cwd", "--width", "--server", "--fleet", "--workspace", "--home", "--log-level", "--pin",
    ]
    var place = verb + 1
    while place < words.count, words[place].hasPrefix("-") { place += takesValue.contains(words[place]) ? 2 : 1 }
    if !words[..<min(place, words.count)].contains("--all") { place += 1 }
    guard place < words.count else { return words }
    return words[..<place] + ["--"] + words[place...]
  }

  func work() async throws {
    let hosts = hosts?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? []
    guard all != !hosts.isEmpty, !hosts.contains("") else {
      throw CmdopError(
        .badUsage, all ? "--all and a machine exclude each other" : "which machine?",
        hint: "cmdop exec HOST -- uname -a")
    }
    guard !command.isEmpty else {
      throw CmdopError(.badUsage, "which command?", hint: "cmdop exec \(hosts.first ?? "--all") -- uname -a")
    }
    var order = ExecCall.Order(arguments: command)
    for pair in environment {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      order.environment[String(parts[0])] = String(parts[1])
    }
    (order.directory, order.timeout) = (cwd, timeout?.duration)
    let reach = try await options.reach(pin: pin)
    let run = await ExecRun(order: order, reach: reach, asJSON: options.json, width: width)
    let status = try await Person.interruptible { [hosts] in
      var hosts = hosts
      if hosts.count == 1 {
        return try await run.single(hosts[0], input: stdin || StandardStreams.inputIsGiven)
      }
      var isGiven = stdin
      if !isGiven { isGiven = await StandardStreams.inputHasBytes() }
      if isGiven { throw Self.inputForSeveral }
      if all { hosts = try await RelayClient(reach).machines(onlineOnly: true).map(\.hostname) }
      guard !hosts.isEmpty else { throw CmdopError(.offline, "no machine is online", hint: "cmdop machines") }
      return try await run.several(hosts)
    }
    if status != 0 { throw ExitCode(status) }
  }
}
