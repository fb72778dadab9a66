import ArgumentParser
import Core
import Host

/// A command of ours: what it throws is reported in one way, and becomes the exit code.
protocol Verb: AsyncParsableCommand, Sendable {
  var options: GlobalOptions { get }
  /// The exit code when the verb itself fails: 255 where the remote's status is passed on.
  static var ownFailure: Int32? { get }
  /// A command that helps on after an error that brings none; nil: the verb's own help.
  var elsewhere: String? { get }
  func work() async throws
}

extension Verb {
  static var ownFailure: Int32? { nil }
  var elsewhere: String? { nil }

  func run() async throws {
    do {
      try await Loop.prefer { try await work() }
      try StandardStreams.checkOutput()
    } catch let code as ExitCode { throw code } catch {
      let error = Hint.completed(
        Hint.signingIn(CmdopError(anything: error), at: (try? options.choice())?.addresses.first),
        elsewhere: elsewhere ?? Cmdop.helpHint(Array(CommandLine.arguments.dropFirst())))
      Report.failure(error, asJSON: options.json)
      // Who gives up, at a question for example, has not failed.
      let isOwn = error.code != .cancelled
      throw ExitCode(isOwn ? Self.ownFailure ?? Report.exitCode(error) : Report.exitCode(error))
    }
  }
}

extension CmdopError {
  init(anything error: any Error) {
    switch error {
    case let error as CmdopError: self = error
    case is CancellationError: self = CmdopError(.cancelled, "cancelled")
    default: self = CmdopError(.internalError, "\(error)")
    }
  }
}
