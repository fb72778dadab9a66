import ArgumentParser
import Core
import Host

/// The person at the terminal: questions, and Ctrl-C.
enum Person {
  /// y or yes; after any other answer the verb is over, and that is no failure. Without a terminal to ask at it is bad usage; `isSure`: nobody is asked.
  static func confirm(
    _ question: String, isSure: Bool, hint: String, _ options: GlobalOptions
  ) async throws {
    if isSure || options.quiet && StandardStreams.isTerminal(0) { return }
    guard options.canAsk, let answer = try await TerminalQuestion.ask("\(question) [y/N] ", isHidden: false) else {
      throw CmdopError(.badUsage, "nobody is here to be asked: \(question)", hint: hint)
    }
    guard ["y", "yes"].contains(answer.lowercased()) else {
      Report.note("left as it is")
      throw ExitCode.success
    }
  }

  /// nil: nobody can be asked.
  static func ask(_ question: String, isHidden: Bool = false, _ options: GlobalOptions) async throws(CmdopError)
    -> String?
  {
    guard options.canAsk else { return nil }
    return try await TerminalQuestion.ask(question, isHidden: isHidden)
  }

  /// Ctrl-C cancels `body`, so that what it has begun elsewhere ends too; the exit code is then 130.
  static func interruptible<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    let signals = ProcessSignals.stream([.interrupt, .terminate, .hangUp])
    return try await withThrowingTaskGroup(of: T?.self) { group in
      group.addTask { try await body() }
      group.addTask {
        for await _ in signals { return nil }
        return nil
      }
      defer { group.cancelAll() }
      guard let result = try await group.next() ?? nil else {
        group.cancelAll()
        // The cancellation must leave this process before it ends.
        try? await Task.sleep(for: .milliseconds(50))
        throw ExitCode(130)
      }
      return result
    }
  }

  /// What asks to be let in, for the person who approves: "cmdop 0.1.0 on laptop".
  static var client: String { "cmdop \(CmdopVersion.program) on \(LocalMachine.hostname)" }
}
