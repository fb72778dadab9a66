import ArgumentParser
import Connect
import Core
import Host
import NIOCore
import Wire

/// A chat without a screen: one prompt, or one for each line of standard input. Answers go to standard output.
@Loop
final class PlainChat: Sendable {
  private let talk: ChatTalk
  private let printer = InkPrinter()
  private let approvals: ApprovalPrompt
  private let asJSON: Bool
  private let streams = StandardStreams()
  private var isReadBySomebody = true

  init(_ order: ChatTalk.Order, reach: Reach, asJSON: Bool) {
    var options = ConversationView.Options()
    (options.showsPrompts, options.showsAsides, options.columns) = (false, printer.hasScreen, StandardStreams.columns)
    options.showsUncommitted = printer.isShared
    (self.asJSON, approvals) = (asJSON, ApprovalPrompt(printer))
    var order = order
    // Who gives a prompt wants its answer, not those to older ones.
    order.replays = false
    talk = ChatTalk(order, reach: reach, view: options)
    if order.answers {
      talk.whenAsked = { [approvals] question, voice in approvals.ask(question, voice) }
      talk.whenSettled = { [approvals] settled in await approvals.settle(settled) }
    }
  }

  /// One prompt; ends with its turn.
  func once(_ prompt: String) async throws -> Int32 {
    try await run {
      _ = await self.talk.say(prompt)
      try? await self.talk.change.wait { self.isAnswered }
    }
  }

  /// Each line is a prompt, or a word to the chat; the next one is read when its turn has ended.
  func lines() async throws -> Int32 {
    try await run {
      var lines = LineReader(streams: self.streams)
      while !self.talk.hasLeft, !self.wasCancelled, let line = try await lines.next() {
        if try await !self.take(line) { break }
        try? await self.talk.change.wait { self.isAnswered }
        if Task.isCancelled { return }
      }
    }
  }

  private var isAnswered: Bool { talk.queue.isEmpty && !talk.isBusy || talk.hasLeft }

  private func take(_ line: String) async throws -> Bool {
    switch ChatLine(line) {
    case .nothing: return true
    case .prompt(let prompt): return await talk.say(prompt)
    case .unknown(let word):
      throw CmdopError(
        .badUsage, "\"\(word)\" is no word of the chat", hint: "echo '/\(word)' | cmdop chat   # as a prompt")
    case .word(let word, let argument):
      guard let ink = await ChatWords(talk: talk).take(word, argument) else { return false }
      for piece in ink { Report.note(String(piece.text.dropLast())) }
      return true
    }
  }

  func cancel() async {
    if !talk.cancel() { return talk.go(to: .leave) }
    await printer.show([.line("cancelling the turn")])
    // What was to be said after it is not said.
    wasCancelled = true
  }
  private var wasCancelled = false

  private func run(_ body: @escaping @Loop @Sendable () async throws -> Void) async throws -> Int32 {
    talk.show = { ink in await self.show(ink) }
    if asJSON { talk.tell = { event in await self.tell(event) } }
    var failure: CmdopError?
    do { try await self.talking(body) } catch { failure = CmdopError(anything: error) }
    OwnTerminal.restore()
    try await printer.finish()
    if let failure { throw failure }
    guard let error = talk.failure else { return wasCancelled ? 130 : 0 }
    if error.code == .cancelled {
      Report.note("cancelled")
    } else {
      let machine = talk.order.machine == "localhost" ? nil : talk.order.machine
      let goOn = AgentWay.back(to: talk.conversation, on: machine) + " -p \"go on\""
      // With --json its last event has said so on standard output.
      Report.failure(
        Hint.completed(error, elsewhere: talk.conversation.isEmpty ? "cmdop chat --help" : goOn), asJSON: false)
    }
    return Report.exitCode(error)
  }

  private func talking(_ body: @escaping @Loop @Sendable () async throws -> Void) async throws {
    let whole: @Loop @Sendable () async throws -> Void = {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.talk.run() }
        group.addTask {
          try await body()
          await self.talk.go(to: .leave)
        }
        defer { group.cancelAll() }
        try await group.next()
      }
    }
    if talk.order.answers { try await approvals.during(whole) } else { try await whole() }
  }

  private func show(_ ink: [Ink]) async {
    if asJSON { return }
    isReadBySomebody = await printer.show(ink) && isReadBySomebody
    await printer.show(status: talk.view.underway(columns: StandardStreams.columns).last ?? "")
    if !isReadBySomebody { talk.go(to: .leave) }
  }

  private func tell(_ event: JSON) async {
    if await !printer.show(json: event) { talk.go(to: .leave) }
  }
}

/// Standard input, line by line.
@Loop
struct LineReader {
  let streams: StandardStreams
  private var rest: [UInt8] = []
  private var isOver = false

  init(streams: StandardStreams) { self.streams = streams }

  /// nil at the end. Throws `limit` for a line that no prompt could be.
  mutating func next() async throws -> String? {
    while true {
      if let end = rest.firstIndex(of: 10) {
        defer { rest.removeSubrange(...end) }
        return String(decoding: rest[..<end], as: UTF8.self)
      }
      if isOver {
        defer { rest = [] }
        return rest.isEmpty ? nil : String(decoding: rest, as: UTF8.self)
      }
      guard rest.count <= Limits.prompt else {
        throw CmdopError(
          .limit, "a line of standard input has more than \(Limits.prompt) bytes: too much for a prompt",
          hint: "cmdop chat -p -")
      }
      if let piece = try await streams.read() { rest += Array(piece.readableBytesView) } else { isOver = true }
    }
  }
}
