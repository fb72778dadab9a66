import Connect
import Core
import Host
import NIOCore
import Wire

/// Questions of machines' gates at a terminal where nothing else is typed: one after the other, answered by one key.
@Loop
final class ApprovalPrompt {
  typealias Voice = @Loop (Cmdop_V1_Approval.Answer) -> Void

  private let printer: InkPrinter
  private var board = ApprovalBoard()
  private var voices: [String: Voice] = [:]
  private let change = Turnstile()
  /// What was pressed sooner was meant for something else.
  private static let reflex: Duration = .milliseconds(500)

  init(_ printer: InkPrinter) { self.printer = printer }

  func ask(_ question: Cmdop_V1_ApprovalQuestion, _ voice: @escaping Voice) {
    board.ask(question, at: .now, wallNow: wallClock())
    voices[question.id] = voice
    change.wake()
  }

  /// Says how it was settled, by whomever.
  func settle(_ settled: Cmdop_V1_ApprovalSettled) async {
    voices[settled.id] = nil
    guard let question = board.settle(settled) else { return }
    change.wake()
    await printer.show([.line("\(ApprovalWords.question(question)): \(ApprovalWords.settled(settled))")])
  }

  /// As `settle`, where nobody can wait.
  func settleSoon(_ settled: Cmdop_V1_ApprovalSettled) { endings.push(settled) }
  private let endings = Inbox<Cmdop_V1_ApprovalSettled>()

  /// Runs `body`; questions that come meanwhile can be answered.
  func during<T: Sendable>(_ body: @Loop @escaping @Sendable () async throws -> T) async throws -> T {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await self.run() }
      group.addTask { while let settled = try await self.endings.next() { await self.settle(settled) } }
      defer { group.cancelAll() }
      return try await body()
    }
  }

  private func run() async {
    while !Task.isCancelled {
      try? await change.wait { !board.open.isEmpty }
      guard !Task.isCancelled, let terminal = try? OwnTerminal.openForKeys() else { return }
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.listen(terminal) }
        group.addTask { await self.show() }
        try? await change.wait { board.open.isEmpty }
        group.cancelAll()
      }
      OwnTerminal.restore()
      terminal.close()
      await printer.show(status: "")
    }
  }

  /// Each question once in full, then what is left of its time.
  private func show() async {
    var shown = ""
    while !Task.isCancelled {
      if let first = board.open.first {
        if first.question.id != shown {
          shown = first.question.id
          await printer.show(
            [.line(ApprovalWords.question(first.question), .strong)]
              + (first.question.reason.isEmpty ? [] : [.line("  " + OneLine.of(first.question.reason))]))
        }
        let left = first.remaining(at: .now)
        await printer.show(status: "  \(ApprovalWords.choices(first.question))? \(left) s")
        // The machine has decided; that it did not say so must not block the next question.
        if first.end + .seconds(5) < .now { forget(first.question) }
      }
      try? await Task.sleep(for: .milliseconds(250))
    }
  }

  private func forget(_ question: Cmdop_V1_ApprovalQuestion) {
    board.settle(.filled { ($0.id, $0.outcome) = (question.id, "timeout") })
    voices[question.id] = nil
    change.wake()
  }

  private func listen(_ terminal: OwnTerminal) async {
    while let bytes = await terminal.read() {
      for byte in bytes.readableBytesView {
        guard let first = board.open.first, first.seen + Self.reflex < .now else { break }
        let key = String(decoding: [byte], as: UTF8.self)
        guard let answer = ApprovalWords.answer(key, to: first.question) else { continue }
        voices.removeValue(forKey: first.question.id)?(answer)
      }
    }
  }
}
