import ArgumentParser
import Core

struct VersionCommand: Verb {
  static let configuration = CommandConfiguration(commandName: "version", abstract: "The version of this program.")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    if options.json {
      struct Versions: Encodable { let version: String, protocol_version: UInt32 }
      return Report.json(Versions(version: CmdopVersion.program, protocol_version: CmdopVersion.protocolVersion))
    }
    Report.line("cmdop \(CmdopVersion.program) (protocol \(CmdopVersion.protocolVersion))")
  }
}

struct CompletionsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "completions", abstract: "Print a completion script.",
    discussion: "Example: cmdop completions bash > ~/.local/share/bash-completion/completions/cmdop")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"])) var shell: String

  func work() async throws {
    guard ["bash", "zsh", "fish"].contains(shell) else {
      throw CmdopError(.badUsage, "there are no completions for \"\(shell)\"", hint: "cmdop completions bash")
    }
    Report.lines(Cmdop.completionScript(for: CompletionShell(rawValue: shell) ?? .bash))
  }
}
