import Connect
import Core
import Host
import Tools
import Wire

/// The words that are meant for the chat itself: /model, /cost …
@Loop
struct ChatWords {
  let talk: ChatTalk

  /// Says what came of it; nil: one is to leave.
  func take(_ word: ChatLine.Word, _ argument: String) async -> [Ink]? {
    switch word {
    case .exit: return nil
    case .help: return help
    case .model: return model(argument)
    case .plan:
      talk.order.isPlan.toggle()
      return [.line(talk.order.isPlan ? "plan: only tools that change nothing" : "plan is off: all tools")]
    case .compact:
      if talk.isBusy { return [.line("a turn runs; ask again when it has ended")] }
      return talk.compact()
        ? [] : [.line(talk.conversation.isEmpty ? "there is nothing to summarise yet" : "no connection")]
    case .cost: return await cost()
    case .tools: return tools()
    case .new:
      talk.go(to: .conversation(""))
      return [.line("a new conversation")]
    case .resume:
      if argument.isEmpty { return await conversations() }
      talk.go(to: .conversation(argument))
      return []
    }
  }

  private var help: [Ink] {
    ChatLine.Word.allCases.map { .line($0.help) } + [
      .line(
        "Enter sends; Alt-Enter, or \\ at the end of a line, begins another line; Up and Down: what was said before."),
      .line(
        "Ctrl-C ends the turn that runs. What is typed meanwhile waits for its end. //… is a prompt that begins with /."
      ),
    ]
  }

  private func model(_ name: String) -> [Ink] {
    if !name.isEmpty {
      talk.order.model = name
      return [.line("the model is \(OneLine.of(name)) from the next prompt on")]
    }
    let asked = talk.order.model.isEmpty ? talk.view.model : talk.order.model
    return [.line(asked.isEmpty ? "the machine's own model; another one: /model NAME" : "model: \(OneLine.of(asked))")]
  }

  private func cards(_ conversation: String = "") async throws(CmdopError) -> [Cmdop_V1_ConversationCard] {
    try await ConversationClient(talk.reach).list(on: talk.order.machine, conversation)
  }

  private func cost() async -> [Ink] {
    guard !talk.conversation.isEmpty else { return [.line("nothing yet")] }
    do throws(CmdopError) {
      guard let card = try await cards(talk.conversation).first else { return [.line("nothing yet")] }
      let turn = talk.isBusy ? "; this turn so far \(talk.view.usage.tokens) tokens" : ""
      return [.line("\(card.tokens) tokens, \(Self.money(card.microUsd))\(turn)")]
    } catch { return [.line("✗ \(error.message)", .bad)] }
  }

  /// "$0.0123"; where no price is known it says so.
  nonisolated static func money(_ micros: UInt64) -> String {
    if micros == 0 { return "no price known" }
    let tenths = (micros + 50) / 100
    let rest = "\(tenths % 10_000)"
    return "$\(tenths / 10_000)." + String(repeating: "0", count: 4 - rest.count) + rest
  }

  private func conversations() async -> [Ink] {
    do throws(CmdopError) {
      let cards = try await cards()
      if cards.isEmpty { return [.line("no conversations yet")] }
      let table = TextTable.lines(Self.rows(Array(cards.prefix(20))), within: talk.view.options.columns - 1)
      return table.map { .line($0) } + [.line("go on with one: /resume ID")]
    } catch { return [.line("✗ \(error.message)", .bad)] }
  }

  nonisolated static func rows(_ cards: [Cmdop_V1_ConversationCard]) -> [[String]] {
    [["ID", "TITLE", "STATE", "ACTIVE", "FROM", "TOKENS", "COST"]]
      + cards.map { card in
        [
          String(card.id.prefix(8)), card.title.isEmpty ? "-" : card.title, card.state, Report.ago(card.lastActiveAtMs),
          card.subject, "\(card.tokens)", card.microUsd == 0 ? "-" : money(card.microUsd),
        ]
      }
  }

  private func tools() -> [Ink] {
    let used = talk.view.tools
    let known = (try? ToolCatalogue.builtIn()) ?? []
    var rows = known.map { tool in
      [tool.name, tool.title, tool.traits.isReadOnly ? "also in plan" : "", Self.count(used[tool.name])]
    }
    for (name, count) in used.sorted(by: { $0.key < $1.key }) where !known.contains(where: { $0.name == name }) {
      rows.append([name, "", "", Self.count(count)])
    }
    return TextTable.lines(rows, within: talk.view.options.columns - 1).map { .line($0) }
  }

  private static func count(_ used: (calls: Int, failed: Int)?) -> String {
    guard let used else { return "" }
    return "\(used.calls) called" + (used.failed > 0 ? ", \(used.failed) failed" : "")
  }
}
