import ArgumentParser
import Connect
import Core
import Host
import Wire

struct SessionSaveCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "save", abstract: "Save what a session has printed: asciicast v2 with timing, or plain text.",
    discussion: """
      Example: cmdop session save build --to build.cast && cmdop session replay build.cast
      Example: cmdop session save build --text --to -
      Without a recording (session set --record) a cast holds what the journal keeps, the last 8 MiB.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice
  @Option(help: "The file; - is standard output.") var to: String
  @Flag(help: "Screen and scrollback as plain text.") var text = false
  @Flag(help: "Write over a file that is there.") var force = false

  func work() async throws {
    // Said before a long transfer, not after it.
    if to != "-", let stamp = FileStamp(to) {
      guard stamp.isRegular else {
        throw CmdopError(.badUsage, "\(to) is no plain file", hint: "cmdop session save \(choice.session) --to -")
      }
      guard force else {
        throw CmdopError(
          .exists, "\(to) is there already",
          hint: "cmdop session save \(ShellWord.quoted(choice.session)) --to \(ShellWord.quoted(to)) --force")
      }
    }
    let reach = try await options.reach(pin: pin)
    let card = try await choice.terminal(reach, ended: true)
    var content: [UInt8] = []
    try await SessionClient(reach).save(card.sessionID, on: card.machineID, asText: text) { content += $0 }
    if to == "-" {
      StandardStreams.writeOutput(content)
      return
    }
    try PrivateFiles.write(content, to: to)
    if options.json { return Report.json(["file": to, "session_id": card.sessionID]) }
    Report.line("\(to): \(content.count) bytes")
  }
}
