import Core
import Session
import Store
import Testing

@Suite("Conversations: cards, and rows that are only added")
struct ConversationTests {
  private static let caller = Caller(
    kind: .machine, subject: "laptop", role: .member, fleet: FleetID("f"), via: [MachineID("m1"), MachineID("m2")])

  private func store() async throws -> ConversationStore {
    ConversationStore(try await Database(inMemory: ConversationStore.migrations))
  }

  private func card(_ id: String, title: String = "", at time: Int64 = 1, parent: String? = nil, machine: String? = nil)
    -> ConversationCard
  {
    ConversationCard(
      id: SessionID(id), caller: Self.caller, title: title, parentMachine: machine.map { MachineID($0) },
      parentConversation: parent.map { SessionID($0) }, at: time)
  }

  @Test("A card comes back field by field, and its rows change it together with themselves")
  func card() async throws {
    let store = try await store()
    var card = ConversationCard(
      id: SessionID("c"), caller: Self.caller, model: "m", parentMachine: MachineID("m1"),
      parentConversation: SessionID("p"),
      isPlan: true, at: 7)
    try await store.open(card)
    #expect(try await store.card(card.id) == card)
    #expect(await code { try await store.open(card) } == .exists)
    try await store.begin(card.id, model: "m2", isPlan: false, at: 8)
    var change = ConversationStore.Change()
    (change.title, change.cost) = ("First words", 12)
    change.usage = ModelUsage(input: 1, output: 2, cacheRead: 3, cacheWritten: 4)
    let row = try await store.append(.prompt, ["parts": []], to: card.id, at: 9, change: change)
    (change.title, change.state) = ("Second words", .idle)
    _ = try await store.append(.end, ["status": "finished"], to: card.id, at: 10, change: change)
    #expect(row == ConversationRow(seq: 1, at: 9, kind: .prompt, body: ["parts": []]))
    (card.model, card.isPlan, card.title, card.lastActiveAt) = ("m2", false, "First words", 10)
    (card.cost, card.rows) = (24, 2)
    card.usage = ModelUsage(input: 2, output: 4, cacheRead: 6, cacheWritten: 8)
    #expect(try await store.card(card.id) == card)
    #expect(await code { try await store.append(.end, [:], to: SessionID("gone"), at: 1) } == .notFound)
    #expect(await code { try await store.begin(SessionID("gone"), model: "", isPlan: false, at: 1) } == .notFound)
    #expect(await code { try await store.card(SessionID("gone")) } == .notFound)
  }

  @Test("Rows come in order, in portions that a message can carry; a row that is too large is refused")
  func rows() async throws {
    let store = try await store()
    let id = SessionID("c")
    try await store.open(card("c"))
    let large = JSON.string(String(repeating: "x", count: ConversationStore.mostRowBytes - 2))
    for body in [large, large, "small", "ä\u{0}\n"] as [JSON] {
      _ = try await store.append(.answer, body, to: id, at: 1)
    }
    #expect(await code { try await store.append(.answer, .string(large.text), to: id, at: 1) } == .limit)
    #expect(try await store.rows(of: id, from: 1).map(\.seq) == [1])
    #expect(try await store.rows(of: id, from: 2).map(\.seq) == [2, 3, 4])
    #expect(try await store.rows(of: id, from: 3, limit: 1).map(\.body) == ["small"])
    #expect(try await store.rows(of: id, from: 4).map(\.body) == ["ä\u{0}\n"])
    #expect(try await store.rows(of: id, from: 5).isEmpty)
    #expect(try await store.last(.answer, of: id)?.seq == 4)
    #expect(try await store.last(.prompt, of: id) == nil)
  }

  @Test("A cancelled task writes all the same: what ended must be known")
  func cancelled() async throws {
    let store = try await store()
    try await store.open(card("c"))
    let task = Task { () -> Int64 in
      while !Task.isCancelled { try? await ContinuousClock().sleep(for: .milliseconds(1)) }
      return try await store.append(.end, [:], to: SessionID("c"), at: 1).seq
    }
    task.cancel()
    #expect(try await task.value == 1)
  }

  @Test("Found by id, by title, or by the beginning of the id; several are asked about")
  func find() async throws {
    let store = try await store()
    let (one, two) = ("0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5b-7777-469f-a165-70867728950e")
    try await store.open(card(one, title: "Disk"))
    try await store.open(card(two, title: "0f8fad5b-d9"))
    #expect(try await store.find(one.uppercased()).id.rawValue == one)
    #expect(try await store.find("Disk").id.rawValue == one)
    #expect(try await store.find("0f8fad5b-d9").id.rawValue == two)
    #expect(try await store.find("0f8fad5b-7").id.rawValue == two)
    for (words, wanted) in [
      ("0f8f", CmdopError.Code.ambiguous), ("0f8", .notFound), ("%", .notFound), ("", .notFound), ("~~~~", .notFound),
    ] {
      #expect(await code { try await store.find(words) } == wanted, "\(words)")
    }
  }

  @Test("Listed by last activity; sub-agents' are part of their parent's, those that other machines asked for are not")
  func list() async throws {
    let store = try await store()
    try await store.open(card("a", at: 1))
    try await store.open(card("b", at: 3))
    try await store.open(card("child", at: 4, parent: "a"))
    try await store.open(card("grandchild", at: 5, parent: "child"))
    try await store.open(card("asked", at: 2, parent: "a", machine: "m1"))
    #expect(try await store.list().map(\.id.rawValue) == ["b", "asked", "a"])
    #expect(try await store.list(includeChildren: true, limit: 2).map(\.id.rawValue) == ["grandchild", "child"])
    try await store.rename(SessionID("a"), to: "new\nname")
    #expect(try await store.card(SessionID("a")).title == "new name")
    _ = try await store.append(.prompt, [:], to: SessionID("grandchild"), at: 5)
    try await store.delete(SessionID("a"))
    #expect(try await store.list(includeChildren: true).map(\.id.rawValue) == ["b", "asked"])
    #expect(try await store.rows(of: SessionID("grandchild"), from: 1).isEmpty)
    #expect(await code { try await store.delete(SessionID("a")) } == .notFound)
    #expect(await code { try await store.rename(SessionID("a"), to: "x") } == .notFound)
  }

  @Test("What runs is neither deleted nor cleaned away; after a restart it was interrupted")
  func running() async throws {
    let store = try await store()
    for id in ["a", "b"] { try await store.open(card(id)) }
    try await store.begin(SessionID("a"), model: "m", isPlan: false, at: 1)
    #expect(await code { try await store.delete(SessionID("a")) } == .wrongState)
    #expect(try await store.clean(idleBefore: 100).map(\.rawValue) == ["b"])
    #expect(try await store.interruptRunning().map(\.rawValue) == ["a"])
    #expect(try await store.card(SessionID("a")).state == .interrupted)
    #expect(try await store.clean(idleBefore: 100).map(\.rawValue) == ["a"])
  }

  @Test("A sub-agent's conversation is judged when its parent is, whichever came first; other machines' are their own")
  func judged() async throws {
    let store = try await store()
    let owner = Caller(kind: .local, subject: "local", role: .owner, fleet: FleetID("f"))
    func open(_ id: String, parent: String?, machine: String? = nil) async throws {
      try await store.open(
        ConversationCard(
          id: SessionID(id), caller: owner, parentMachine: machine.map { MachineID($0) },
          parentConversation: parent.map { SessionID($0) }, at: 1))
    }
    func isJudged(_ id: String) async throws -> Bool { try await store.card(SessionID(id)).isJudged }
    try await open("a", parent: nil)
    try await open("before", parent: "a")
    try await open("below", parent: "before")
    try await open("other", parent: "a", machine: "m1")
    #expect(try await !isJudged("before"))
    try await store.judge(SessionID("a"))
    try await open("after", parent: "a")
    for id in ["a", "before", "below", "after"] { #expect(try await isJudged(id), "\(id)") }
    #expect(try await !isJudged("other"))
  }

  @Test("A row that could not be read back is refused, the deepest that is taken is read back inside an event")
  func deep() async throws {
    let store = try await store()
    try await store.open(card("c"))
    func nested(_ levels: Int) -> JSON { (0..<levels).reduce(.null) { value, _ in .array([value]) } }
    #expect(await code { try await store.append(.answer, nested(100), to: SessionID("c"), at: 1) } == .limit)
    let most = nested(ConversationStore.mostRowDepth)
    let row = try await store.append(.answer, most, to: SessionID("c"), at: 1)
    #expect(try await store.rows(of: SessionID("c"), from: 1).map(\.body) == [most])
    #expect(try JSON(parsing: JSON.object(["event": "row", "row": row.json]).text)["row"]?["body"] == most)
  }

  @Test(
    "A machine finds what it has begun and learns nothing of other conversations, not even that words are ambiguous")
  func foreign() async throws {
    let store = try await store()
    try await store.open(card("0f8fad5b-d9cb", title: "Disk", machine: "m1"))
    try await store.open(card("0f8fad5b-7777", title: "Salaries"))
    try await store.open(card("0f8fad5b-8888", title: "Disk"))
    let machine = MachineID("m1")
    for words in ["0f8f", "Disk"] {
      #expect(try await store.find(words, begunBy: machine).id.rawValue == "0f8fad5b-d9cb")
      #expect(await code { try await store.find(words) } == .ambiguous)
    }
    #expect(await code { try await store.find("Salaries", begunBy: machine) } == .notFound)
    #expect(await code { try await store.find("0f8fad5b-7777", begunBy: machine) } == .notFound)
  }

  @Test("A row of a newer kind is an error with its name, not a crash")
  func newer() async throws {
    let database = try await Database(inMemory: ConversationStore.migrations)
    let store = ConversationStore(database)
    try await store.open(card("c"))
    try await database.write { db in
      try db.execute("INSERT INTO conversation_row VALUES ('c', 1, 1, 'dream', '{}')")
    }
    await #expect { try await store.rows(of: SessionID("c"), from: 1) } throws: {
      ($0 as? CmdopError)?.message.contains("dream") == true
    }
  }
}
