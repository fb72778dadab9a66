import ArgumentParser
import Connect
import Core
import Host
import Wire

struct SessionRestoreCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Start a new session that begins with a saved one's output, directory and name.",
    discussion: "Example: cmdop session restore box --from build.cast")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Argument(help: "The machine.") var host: String
  @Option(help: "The asciicast file that session save has written.") var from: String
  @Option(help: "Another name.") var name: String?

  func work() async throws {
    guard let bytes = try PrivateFiles.read(from, limit: CastFile.limit) else {
      throw CmdopError(.notFound, "there is no file \(from)", hint: "cmdop session save SESSION --to \(from)")
    }
    let cast = try CastFile(bytes, name: from)
    var beginning = SessionBeginning.likeHere()
    beginning.name = name ?? cast.head.title ?? ""
    beginning.directory = cast.head.directory ?? ""
    let output = cast.output.reversed().reduce(into: (text: [[UInt8]](), size: 0)) { all, event in
      guard all.size < 900 * 1024 else { return }
      all.text.append(Array(event.text.utf8))
      all.size += event.text.utf8.count
    }
    beginning.history =
      Array(output.text.reversed().joined().suffix(1000 * 1024)) + Array(TerminalReset.bytes.utf8)
      + Array("\r\n\u{1b}[2m[cmdop: restored]\u{1b}[0m\r\n".utf8)
    let size = StandardStreams.isTerminal(0) ? OwnTerminal.size : .standard
    let started = try await SessionClient(try await options.reach(pin: pin)).create(on: host, beginning, size: size)
    if options.json {
      return Report.json(["session_id": started.sessionID, "name": started.name, "hostname": started.hostname])
    }
    Report.line(started.sessionID)
    Report.note(
      "session \(started.name) runs on \(started.hostname); attach: cmdop connect \(host) --session \(started.name)")
  }
}
