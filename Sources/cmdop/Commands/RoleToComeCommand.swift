import ArgumentParser
import Core

/// What a link named cmdop-core says in a version that does not have this role: whoever starts it is a
/// program, and must learn that from an exit code.
struct RoleToComeCommand: Verb {
  static let configuration = CommandConfiguration(commandName: "role-to-come", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func work() async throws {
    throw CmdopError(
      .unsupported, "cmdop \(CmdopVersion.program) has no core for SDKs yet", hint: "cmdop --help")
  }
}
