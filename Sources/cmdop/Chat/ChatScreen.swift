import Connect
import Core
import Host
import NIOCore

/// A chat at a terminal: what is said scrolls by as in any program; below it what goes on, and the line that is being typed.
@Loop
final class ChatScreen: Sendable {
  private let talk: ChatTalk
  private let terminal: OwnTerminal
  private let history: ChatHistory
  private var painter = ScrollPainter()
  private var keys = EditorKeys()
  private var editor: LineEditor
  private var notice = ""
  /// What is to be drawn next; who fills it too fast waits.
  private var ink: [Ink] = []
  private var inkBytes = 0
  private var isDirty = true
  private let change = Turnstile()
  /// Ctrl-C was pressed, and nothing since.
  private var wantsToLeave = false
  private static let bound = 256 * 1024

  init(_ order: ChatTalk.Order, reach: Reach, terminal: OwnTerminal, history: ChatHistory) {
    var options = ConversationView.Options()
    options.columns = Int(OwnTerminal.size.columns)
    talk = ChatTalk(order, reach: reach, view: options)
    (self.terminal, self.history) = (terminal, history)
    editor = LineEditor(history: history.entries)
  }

  /// Where one can go on later; nil when nothing was said.
  var conversation: String? { talk.conversation.isEmpty ? nil : talk.conversation }

  /// Until the person leaves.
  func run(greeting: String, signals: AsyncStream<ProcessSignals.Kind>) async throws {
    talk.show = { ink in await self.add(ink) }
    await terminal.write("\u{1b}[?2004h")  // a paste says that it is one
    await add([.line(greeting)])
    let result: Result<Void, any Error> = await withTaskGroup(of: Result<Void, any Error>.self) { group in
      group.addTask {
        do { return .success(try await self.talk.run()) } catch { return .failure(error) }
      }
      group.addTask { await self.typing() }
      group.addTask { await self.draw() }
      group.addTask { await self.tick() }
      group.addTask {
        await self.talk.reach.stayReachable()
        return .success(())
      }
      group.addTask {
        for await signal in signals {
          if signal != .windowChange { break }
          await self.resized()
        }
        return .success(())
      }
      defer { group.cancelAll() }
      return await group.next() ?? .success(())
    }
    await terminal.write(lastPicture() + "\u{1b}[?2004l")
    try result.get()
  }

  /// What is left to show, and the foot is gone.
  private func lastPicture() -> String {
    let foot = ScrollPainter.Foot(editor: EditorRows(LineEditor(), lead: "", columns: 80, most: 1))
    return painter.draw(ink, foot: foot, columns: columns) + painter.leave()
  }

  // MARK: what is shown

  private var columns: Int { max(1, Int(OwnTerminal.size.columns)) }

  private func add(_ more: [Ink]) async {
    ink += more
    inkBytes += more.reduce(0) { $0 + $1.text.utf8.count }
    touch()
    // A terminal that is slow slows what comes, not more.
    if inkBytes > Self.bound { try? await change.wait { inkBytes <= Self.bound } }
  }

  private func touch() {
    isDirty = true
    change.wake()
  }

  private func draw() async -> Result<Void, any Error> {
    while !Task.isCancelled {
      try? await change.wait { isDirty }
      if Task.isCancelled { break }
      isDirty = false
      let text = ink
      (ink, inkBytes) = ([], 0)
      await terminal.write(painter.draw(text, foot: foot(), columns: columns))
      change.wake()
      // What comes in a burst is one picture; a lone piece waits for nothing.
      try? await Task.sleep(for: .milliseconds(10))
    }
    return .success(())
  }

  private func foot() -> ScrollPainter.Foot {
    let rows = max(3, Int(OwnTerminal.size.rows) - 1)
    let typed = EditorRows(editor, lead: talk.order.isPlan ? "plan› " : "› ", columns: columns, most: max(1, rows / 2))
    var foot = ChatFoot()
    (foot.calls, foot.board, foot.queue) = (talk.view.underway(columns: columns - 1), talk.board, talk.queue)
    (foot.trouble, foot.notice) = (talk.trouble, notice)
    if talk.isBusy { foot.state = "… working; Ctrl-C ends the turn" }
    return .init(lines: foot.lines(columns: columns, most: rows - typed.rows.count, at: .now), editor: typed)
  }

  /// Times go by, and changes without ink are shown.
  private func tick() async -> Result<Void, any Error> {
    while !Task.isCancelled {
      let (seen, second) = (talk.changes, ContinuousClock.now + .seconds(1))
      let alarm = Loop.eventLoop.scheduleTask(in: .seconds(1)) { Loop.assumeIsolated { self.talk.change.wake() } }
      try? await talk.change.wait { talk.changes != seen || ContinuousClock.now >= second }
      alarm.cancel()
      talk.expireQuestions()
      touch()
    }
    return .success(())
  }

  private func resized() {
    painter.resized(to: columns)
    talk.view.options.columns = columns
    touch()
  }

  // MARK: what is typed

  private func typing() async -> Result<Void, any Error> {
    while let bytes = await terminal.read() {
      for key in keys.feed(bytes.readableBytesView) { if await !take(key) { return .success(()) } }
      touch()
    }
    return .success(())  // the window was closed; the conversation stays
  }

  /// False: one leaves.
  private func take(_ key: EditorKeys.Key) async -> Bool {
    notice = ""
    switch editor.take(key) {
    case .edited: wantsToLeave = false
    case .bell: await terminal.write("\u{7}")
    case .redraw: touch()
    case .ended: return false
    case .interrupted: return interrupted()
    case .submitted(let line):
      wantsToLeave = false
      return await submitted(line)
    }
    return true
  }

  private func interrupted() -> Bool {
    if talk.isBusy {
      if wantsToLeave { return false }
      wantsToLeave = true
      notice =
        talk.cancel()
        ? "cancelling; Ctrl-C again leaves" : "no connection: it cannot be told to stop; Ctrl-C again leaves"
      return true
    }
    if !editor.isEmpty {
      editor.clear()
      return true
    }
    if wantsToLeave { return false }
    wantsToLeave = true
    notice = "Ctrl-C again, or Ctrl-D, leaves; the conversation stays"
    return true
  }

  private func submitted(_ line: String) async -> Bool {
    let word = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    if let question = talk.board.open.first?.question, let answer = ApprovalWords.answer(word, to: question) {
      if !talk.answer(answer) { notice = "no connection: the answer was not given" }
      return true
    }
    switch ChatLine(line) {
    case .nothing: return true
    case .unknown(let word):
      // The next thing that is typed is meant by itself; Up brings this line back.
      notice = "\(word) is no word of the chat: /help"
      editor.remember(line)
    case .word(let word, let argument):
      remember(line)
      guard let ink = await ChatWords(talk: talk).take(word, argument) else { return false }
      await add(ink)
    case .prompt(let prompt):
      guard prompt.utf8.count <= Limits.prompt else {
        notice = "that is longer than a prompt may be: 1 MiB"
        editor.set(line)
        return true
      }
      remember(line)
      if await !talk.say(prompt) {
        notice = "too many prompts wait"
        editor.set(line)
      }
    }
    return true
  }

  private func remember(_ line: String) {
    editor.remember(line)
    history.add(line)
  }
}

/// Prompts that were typed before: chat_history, 0600.
struct ChatHistory: Sendable {
  let home: Home

  private var path: String { home.path + "/chat_history" }
  private var bytes: [UInt8] { ((try? PrivateFiles.read(path, limit: 4 * PromptHistory.limit)) ?? nil) ?? [] }
  var entries: [String] { PromptHistory.parse(bytes) }

  /// Read anew: another chat may have added to it. Losing this convenience must not stop a conversation.
  func add(_ prompt: String) {
    try? home.prepare()
    try? PrivateFiles.write(PromptHistory.adding(prompt, to: bytes), to: path, isSynced: false)
  }
}
