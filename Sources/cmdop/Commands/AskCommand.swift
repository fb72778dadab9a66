import ArgumentParser
import Connect
import Core
import Host
import NIOCore
import Wire

struct AskCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Ask the agents on machines: each works there, under the rules there, and answers.",
    discussion: """
      Examples: cmdop ask box "which service uses the most memory?"
                cmdop ask box,web --json "is a reboot pending?"
                journalctl -u nginx -n 200 | cmdop ask box -
      The answer goes to standard output; what the agent does, and what the gate there asks, to the terminal. Ctrl-C ends
      the turns there. Ends with 0 when all have answered; docs/chat.md has the other codes.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Flag(help: "Ask on all machines that are online.") var all = false
  @Option(help: "End the turns after this time: 30s, 5m.") var timeout = Span(.seconds(120))
  @Option(help: "The model that is to answer; else the machine's.") var model = ""
  @Flag(help: "Only tools that change nothing.") var plan = false
  @Option(help: "How many machines at a time.") var width = 64
  @Argument(help: "HOST, or HOST,HOST,… (not with --all), and the prompt; \"-\": from standard input.")
  var words: [String] = []

  func validate() throws {
    if !(1...1000).contains(width) { throw ValidationError("--width is 1 to 1000") }
    if timeout.duration == .zero { throw ValidationError("--timeout 0 would be over at once") }
  }

  func work() async throws {
    var words = words[...]
    var hosts: [String] = []
    if !all {
      guard let first = words.popFirst() else {
        throw CmdopError(.badUsage, "which machine?", hint: "cmdop ask HOST \"is a reboot pending?\"")
      }
      hosts = first.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard !hosts.contains("") else {
        throw CmdopError(
          .badUsage, "\"\(first)\" names no machine in one place", hint: "cmdop ask HOST,HOST \"is a reboot pending?\"")
      }
    }
    let prompt = try await PromptInput.prompt(
      words.joined(separator: " "), hint: "cmdop ask HOST \"is a reboot pending?\"")
    var order = AskRun.Order(prompt: prompt, timeout: timeout.duration)
    (order.model, order.isPlan, order.answers) = (model, plan, options.canAsk)
    let reach = try await options.reach(pin: pin)
    let run = await AskRun(order, reach: reach, asJSON: options.json, width: width)
    let status = try await Person.interruptible(gently: { await run.cancel() }) { [hosts] in
      var hosts = hosts
      if all || options.json {
        // Ids are told where they are known; that the roster cannot be asked stops no question.
        do throws(CmdopError) {
          let roster = try await RelayClient(reach).machines(onlineOnly: all)
          await run.know(roster)
          if all { hosts = roster.map(\.hostname) }
        } catch { if all { throw error } }
      }
      if hosts.count == 1 && !all { return try await run.single(hosts[0]) }
      guard !hosts.isEmpty else { throw CmdopError(.offline, "no machine is online", hint: "cmdop machines") }
      return try await run.several(hosts)
    }
    OwnTerminal.restore()
    if status != 0 { throw ExitCode(status) }
  }
}

/// Where a prompt comes from: the words of the command, or standard input.
enum PromptInput {
  @Loop
  static func prompt(_ words: String, hint: String) async throws -> String {
    var prompt = words
    if words == "-" || words.isEmpty && StandardStreams.inputIsGiven {
      prompt = try await standardInput()
    }
    guard prompt.contains(where: { !$0.isWhitespace }) else {
      throw CmdopError(.badUsage, "there is nothing to ask", hint: hint)
    }
    guard prompt.utf8.count <= Limits.prompt else {
      throw CmdopError(.limit, "the prompt has \(prompt.utf8.count) bytes; at most \(Limits.prompt) fit", hint: hint)
    }
    return prompt
  }

  @Loop
  private static func standardInput() async throws -> String {
    let streams = StandardStreams()
    var bytes: [UInt8] = []
    while let piece = try await streams.read() {
      bytes += Array(piece.readableBytesView)
      guard bytes.count <= Limits.prompt else {
        throw CmdopError(
          .limit, "standard input has more than \(Limits.prompt) bytes: too much for a prompt",
          hint: "cmdop ask HOST \"look into FILE\"   # the agent can read files there")
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
