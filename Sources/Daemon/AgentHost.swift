public import Agent
public import Core
import FoundationEssentials
import Logging
public import Session
import Tools
import Wire

/// The machine's agent, and who talks to it: runs turns, one at a time in each conversation, whether somebody watches or not.
@Loop
public final class AgentHost: Sendable {
  public struct Options: Sendable {
    public var place: AgentPlace
    /// What the owner has written for the agent: AGENTS.md, .cmdop/instructions.md, of this directory.
    public var instructions: @Sendable (_ directory: String) async -> String
    /// What one turn may use at most.
    public var budget: TurnBudget
    /// "2026-11-21"
    public var today: @Sendable () -> String

    public init(
      place: AgentPlace, budget: TurnBudget = .init(), today: @escaping @Sendable () -> String,
      instructions: @escaping @Sendable (_ directory: String) async -> String
    ) {
      (self.place, self.budget, self.today, self.instructions) = (place, budget, today, instructions)
    }
  }

  let store: ConversationStore
  let loop: AgentLoop
  let models: any ModelSource
  let tools: ToolBelt
  let desk: ApprovalDesk
  let options: Options
  let hostname: String
  let machine: MachineID
  let log: Logger
  let now: @Sendable () -> Int64
  private let nursery: Nursery
  private var live: [SessionID: LiveConversation] = [:]
  /// Turns that may run at once, in all conversations; questions of a whole fleet must not fill the machine.
  private static let mostTurns = 16
  private static let mostTurnsEach = 8
  private static let mostWaiting = 16
  private var turnsOf: [String: Int] = [:]
  private var running = 0
  /// The cards of the latest conversations, for the relay's list.
  var known: [SessionID: Cmdop_V1_SessionCard] = [:]
  private static let mostKnown = 100
  /// Told when a conversation is new or has changed.
  var whenCardChanges: (@Loop (Cmdop_V1_SessionCard) -> Void)?

  /// What an agent is made of.
  public struct Parts: Sendable {
    public var store: ConversationStore
    public var loop: AgentLoop
    public var models: any ModelSource
    public var options: Options
    /// The same that its tools for terminals were made with.
    public var terminals: AgentTerminals

    public init(
      store: ConversationStore, loop: AgentLoop, models: any ModelSource, options: Options, terminals: AgentTerminals
    ) {
      (self.store, self.loop, self.models) = (store, loop, models)
      (self.options, self.terminals) = (options, terminals)
    }
  }

  init(
    _ parts: Parts, tools: ToolBelt, desk: ApprovalDesk,
    hostname: String, machine: MachineID, nursery: Nursery, log: Logger, now: @escaping @Sendable () -> Int64
  ) {
    (store, loop, models, options) = (parts.store, parts.loop, parts.models, parts.options)
    (self.tools, self.desk, self.nursery, self.log, self.now) = (tools, desk, nursery, log, now)
    (self.hostname, self.machine) = (hostname, machine)
  }

  // MARK: conversations

  func conversation(_ card: ConversationCard) -> LiveConversation {
    if let known = live[card.id] { return known }
    let fresh = LiveConversation(card.id, lastRow: card.rows)
    live[card.id] = fresh
    return fresh
  }

  func conversation(ifOpen id: SessionID) -> LiveConversation? { live[id] }

  /// Nobody watches, nothing runs: the store knows all there is.
  func release(_ conversation: LiveConversation) {
    guard live[conversation.id] === conversation, conversation.viewers.isEmpty, conversation.turn == nil,
      conversation.waiting.isEmpty
    else { return }
    live[conversation.id] = nil
  }

  func clients(of id: SessionID) -> Int { live[id]?.viewers.count ?? 0 }
  /// Also as a sub-agent's.
  func isRunning(_ id: SessionID) -> Bool { live[id]?.turn != nil || loop.live(id) != nil }

  // MARK: turns

  /// What somebody asks for: written down whose words are heard here, then begun, or kept waiting. False: it was not taken.
  @discardableResult
  func ask(_ wish: TurnWish, in conversation: LiveConversation) async throws(CmdopError) -> Bool {
    if wish.caller.kind != .local { try await store.judge(conversation.id) }
    return try begin(wish, in: conversation)
  }

  /// Begins a turn, or lets it wait for the one that runs. False: it was not taken, because that one goes on already; there
  /// will be no end of its own.
  @discardableResult
  func begin(_ wish: TurnWish, in conversation: LiveConversation) throws(CmdopError) -> Bool {
    if conversation.turn != nil {
      guard wish.prompt != nil || wish.isCompaction else { return false }
      guard conversation.waiting.count < Self.mostWaiting else {
        throw CmdopError(.limit, "\(Self.mostWaiting) prompts wait in this conversation already")
      }
      conversation.waiting.append(wish)
      return true
    }
    // The machine's owner is never shut out by those who ask from elsewhere, nor one of these by another.
    let isOwner = wish.caller.kind == .local
    let own = turnsOf[wish.caller.subject] ?? 0
    guard isOwner || running < Self.mostTurns && own < Self.mostTurnsEach, running < 2 * Self.mostTurns else {
      throw CmdopError(
        .limit, "\(isOwner ? running : max(own, 1)) turns run on \(hostname) already, and no more may",
        hint: "cmdop chat --list", retryAfter: .seconds(5))
    }
    running += 1
    turnsOf[wish.caller.subject, default: 0] += 1
    let turn = RunningTurn(of: wish.id)
    conversation.turn = turn
    nursery.start { await self.run(wish, turn, in: conversation) }
    return true
  }

  private func run(_ wish: TurnWish, _ turn: RunningTurn, in conversation: LiveConversation) async {
    await withTaskGroup { group in
      group.addTask {
        if wish.isCompaction { await self.compact(wish, conversation) } else { await self.turn(wish, conversation) }
      }
      group.addTask { try? await turn.waitForCancel() }
      // Whichever is first: a turn that is cancelled ends what it has started, and is waited for.
      await group.next()
      group.cancelAll()
    }
    running -= 1
    turnsOf[wish.caller.subject, default: 1] -= 1
    if turnsOf[wish.caller.subject] == 0 { turnsOf[wish.caller.subject] = nil }
    // Before anything is waited for: nobody may find a conversation in which nothing runs and something waits.
    conversation.turnEnded()
    if Task.isCancelled { drop(conversation, CmdopError(.cancelled, "the daemon stops")) }
    while conversation.turn == nil, !conversation.waiting.isEmpty {
      let next = conversation.waiting.removeFirst()
      do { try begin(next, in: conversation) } catch { conversation.take(Self.failed(error, next)) }
    }
    conversation.news.wake()
    await report(conversation.id)
    release(conversation)
  }

  /// Prompts that wait will not be worked on.
  func drop(_ conversation: LiveConversation, _ why: CmdopError) {
    let waiting = conversation.waiting
    conversation.waiting = []
    for wish in waiting { conversation.take(Self.failed(why, wish)) }
  }

  private func turn(_ wish: TurnWish, _ conversation: LiveConversation) async {
    let order = await order(wish, conversation.id)
    // Somebody else has spoken here, or it cannot be told: then the words that the model follows may be theirs.
    let card = try? await store.card(conversation.id)
    let isOwn = wish.caller.kind == .local && card?.isJudged == false
    let hand = GatedHand(
      tools: tools, desk: desk, caller: wish.caller, conversation: conversation.id, directory: order.place.directory,
      isJudged: !isOwn)
    let end = await loop.run(order, hand: hand) { event in
      var json = event.json
      if case .done = event { json = Self.tagged(json, wish) }
      Loop.enqueue { [json] in conversation.take(json) }
    }
    log.info(
      "turn ended",
      metadata: [
        "conversation": "\(conversation.id)", "caller": "\(wish.caller.subject)", "status": "\(end.status.rawValue)",
        "turns": "\(end.turns)",
      ])
    // The last event is on the loop before the turn counts as ended.
    await withCheckedContinuation { continuation in Loop.enqueue { continuation.resume() } }
  }

  private func order(_ wish: TurnWish, _ conversation: SessionID) async -> TurnOrder {
    var place = options.place
    place.today = options.today()
    let card = try? await store.card(conversation)
    if let directory = card?.directory, !directory.isEmpty { place.directory = directory }
    let known = card?.model ?? ""
    // Whoever asks from elsewhere names the directory: what lies there does not tell the agent what to do.
    let instructions = await options.instructions(wish.caller.kind == .local ? place.directory : place.home)
    return TurnOrder(
      conversation: conversation, prompt: wish.prompt, caller: wish.caller, place: place,
      model: wish.model ?? (known.isEmpty ? nil : known), deadline: wish.deadline, isPlan: wish.isPlan,
      budget: wish.budget, instructions: instructions)
  }

  private func compact(_ wish: TurnWish, _ conversation: LiveConversation) async {
    do {
      let row = try await loop.compact(await order(wish, conversation.id))
      if let row { conversation.take(AgentEvent.row(row).json) }
      let what = row == nil ? "there is nothing to leave out yet" : ""
      conversation.take(Self.tagged(.object(["event": "done", "status": "finished", "text": .string(what)]), wish))
    } catch { conversation.take(Self.failed(error, wish)) }
  }

  private nonisolated static func tagged(_ done: JSON, _ wish: TurnWish) -> JSON {
    .object((done.object ?? [:]).merging(["turn": .string(wish.id)]) { $1 })
  }

  static func failed(_ error: CmdopError, _ wish: TurnWish) -> JSON {
    var why: [String: JSON] = ["code": .string(error.code.rawValue), "message": .string(error.message)]
    if let hint = error.hint { why["hint"] = .string(hint) }
    return tagged(.object(["event": "done", "status": "failed", "text": "", "error": .object(why)]), wish)
  }

  /// A daemon that stops ends its turns; whoever comes back goes on with them.
  func adopt() async {
    do {
      for id in try await store.interruptRunning() {
        log.info("a turn was interrupted", metadata: ["conversation": "\(id)"])
      }
      for card in try await store.list(limit: Self.mostKnown) { known[card.id] = sessionCard(card) }
    } catch { log.error("conversations could not be looked after", metadata: ["why": "\(error.message)"]) }
  }

  func clean() async throws(CmdopError) {
    _ = try await store.clean(idleBefore: now() - Int64(Limits.historyDays) * 86_400_000)
  }

  /// Tells the relay's list what has become of it.
  func report(_ id: SessionID) async {
    guard let record = try? await store.card(id) else { return }
    let card = sessionCard(record)
    if known.count >= Self.mostKnown, known[id] == nil,
      let oldest = known.values.min(by: { $0.lastActiveAtMs < $1.lastActiveAtMs })
    {
      known[SessionID(oldest.sessionID)] = nil
    }
    known[id] = card
    whenCardChanges?(card)
  }

  func changed(_ id: SessionID) { nursery.start { await self.report(id) } }
}
