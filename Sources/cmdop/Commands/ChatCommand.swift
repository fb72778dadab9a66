import ArgumentParser
import Connect
import Core
import Host
import Wire

struct ChatCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "chat", abstract: "Talk to the agent of this machine, or of another one.",
    discussion: """
      Examples: cmdop chat
                cmdop chat --machine box
                cmdop chat -p "what fills the disk?" --plan
                cmdop chat --resume 3f2a
      /help lists what can be said to the chat itself. Ctrl-C ends the turn that runs; Ctrl-D leaves, and the conversation
      stays: --list shows them. In a pipe each line is a prompt. docs/chat.md has more.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Option(help: "The machine whose agent is meant; without it this one's.") var machine: String?
  @Option(help: "Go on with this conversation: its id, or a unique beginning of it.") var resume = ""
  @Option(help: "The model that is to answer; else the machine's.") var model = ""
  @Option(name: .shortAndLong, help: "One prompt, and its answer to standard output; \"-\": from standard input.")
  var prompt: String?
  @Flag(help: "Only tools that change nothing.") var plan = false
  @Option(help: "Most requests to the model in a turn.") var maxTurns: UInt32 = 0
  @Option(help: "Most money for a turn, in US dollars: 0.50.") var maxCost = 0.0
  @Flag(help: "List the conversations instead.") var list = false

  func validate() throws {
    guard maxCost.isFinite, (0...1_000_000).contains(maxCost) else {
      throw ValidationError("--max-cost is an amount of dollars")
    }
  }

  func work() async throws {
    let isTyped = prompt == nil && !list && StandardStreams.isTerminal(0)
    if isTyped && (options.quiet || options.json) {
      throw CmdopError(
        .badUsage, "with \(options.quiet ? "-q" : "--json") a prompt is given, not typed: with -p, or in a pipe",
        hint: "cmdop chat\(machine.map { " --machine \(ShellWord.quoted($0))" } ?? "") -p \"what fills the disk?\"")
    }
    let (reach, target) = try await AgentWay.find(machine, options, pin)
    if list { return try await printList(reach, target) }
    var order = ChatTalk.Order(machine: target)
    (order.conversation, order.model, order.isPlan) = (resume, model, plan)
    (order.mostTurns, order.mostCost) = (maxTurns, UInt64((maxCost * 1_000_000).rounded()))
    if machine == nil { order.directory = Start.workingDirectory }
    let isScreen =
      prompt == nil && !options.quiet && !options.json
      && StandardStreams.isTerminal(0) && StandardStreams.isTerminal(1)
    if isScreen { return try await talk(order, reach) }
    if isTyped { Report.note("each line is a prompt; Ctrl-D ends it") }
    order.answers = options.canAsk && !options.json
    let chat = await PlainChat(order, reach: reach, asJSON: options.json)
    let words =
      if let prompt { try await PromptInput.prompt(prompt, hint: "cmdop chat -p \"what fills the disk?\"") } else {
        String?.none
      }
    let status = try await Person.interruptible(gently: { await chat.cancel() }) {
      if let words { try await chat.once(words) } else { try await chat.lines() }
    }
    if status != 0 { throw ExitCode(status) }
  }

  private func printList(_ reach: Reach, _ machine: String) async throws {
    let cards = try await ConversationClient(reach).list(on: machine)
    if options.json { return Report.json(cards.map { ConversationView.Card($0) }) }
    if cards.isEmpty { return Report.note("no conversations yet; try: cmdop chat") }
    Report.table(ChatWords.rows(cards))
  }

  @Loop private func talk(_ order: ChatTalk.Order, _ reach: Reach) async throws {
    var order = order
    (order.answers, order.patience) = (true, nil)
    // A machine that is away, or has no agent, says so before anything is typed.
    let cards = try await ConversationClient(reach).list(on: order.machine, order.conversation)
    let terminal = try OwnTerminal.open()
    let signals = ProcessSignals.stream([.windowChange, .terminate, .hangUp, .interrupt, .quit])
    let screen = ChatScreen(order, reach: reach, terminal: terminal, history: ChatHistory(home: try options.place()))
    let place = machine.map { "the agent on \($0)" } ?? "this machine's agent"
    let known = order.conversation.isEmpty && !cards.isEmpty ? "; /resume lists \(cards.count) conversations" : ""
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await screen.run(greeting: "\(place): /help for help, Ctrl-D leaves\(known)", signals: signals))
    } catch {
      result = .failure(error)
    }
    OwnTerminal.restore()
    if let id = screen.conversation {
      Report.note("back to it: \(AgentWay.back(to: id, on: machine))")
    }
    try result.get()
  }
}

/// The way to a machine's agent.
enum AgentWay {
  /// The command that goes on with a conversation.
  static func back(to conversation: String, on machine: String?) -> String {
    "cmdop chat \(machine.map { "--machine \(ShellWord.quoted($0)) " } ?? "")--resume \(conversation)"
  }

  /// Without `machine` this machine's own daemon is meant, whatever relay one is signed in at. One that does not run is started.
  @Loop static func find(
    _ machine: String?, _ options: GlobalOptions, _ pin: PINOptions
  ) async throws -> (Reach, machine: String) {
    if let machine { return (try await options.reach(pin: pin), machine) }
    let home = try options.place()
    let control = DaemonControl(home: home, options: options)
    if control.pid == nil {
      _ = try await control.start()
      Report.note("this machine's daemon did not run: it was started")
    }
    return (Reach(socket: home.socket, relays: [], credential: nil), "localhost")
  }
}

extension ConversationView {
  /// A conversation's card as programs read it.
  struct Card: Encodable {
    let conversation, title, state, model, subject: String
    let parent: String?
    let created_at_ms, last_active_at_ms: Int64
    let rows, tokens, cost_micros: UInt64
    let clients: UInt32

    init(_ card: Cmdop_V1_ConversationCard) {
      (conversation, title, state, model, subject) = (card.id, card.title, card.state, card.model, card.subject)
      parent = card.parent.isEmpty ? nil : card.parent
      (created_at_ms, last_active_at_ms) = (card.createdAtMs, card.lastActiveAtMs)
      (rows, tokens, cost_micros, clients) = (card.rows, card.tokens, card.microUsd, card.clients)
    }
  }
}
