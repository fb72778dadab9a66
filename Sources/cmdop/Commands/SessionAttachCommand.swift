import ArgumentParser
import Core
import Wire

struct SessionAttachCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "attach", abstract: "Attach to a session, as cmdop connect HOST --session does.",
    discussion: "Example: cmdop session attach build --observe")
  static let ownFailure: Int32? = 255
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice
  @Flag(help: "Watch only.") var observe = false
  @Flag(help: "Send the session's other operators away.") var takeover = false

  func work() async throws {
    let card = try await choice.terminal(try await options.reach(pin: pin), ended: true)
    var connect = try ConnectAttachCommand.parse([card.machineID, "--session", card.sessionID])
    (connect.options, connect.observe, connect.takeover) = (options, observe, takeover)
    connect.pin = pin
    try await connect.work()
  }
}
