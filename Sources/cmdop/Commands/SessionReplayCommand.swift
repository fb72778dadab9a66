import ArgumentParser
import Connect
import Core
import Host
import NIOCore
import Wire

struct SessionReplayCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Play a saved session in this terminal, or a session that is known by its name.",
    discussion: """
      Example: cmdop session replay build.cast --speed 4
      Keys: space stops and goes on, + and - change the speed, q leaves. Without a terminal it prints all at once.
      """)
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Argument(help: "An asciicast file, or a session's name or id.") var what: String
  @Option(help: "Its machine, where a name alone is not unique.") var host = ""
  @Option(help: "How many times as fast.") var speed = 1.0
  @Option(help: "Pauses are cut to this.") var idle = Span(argument: "2s")!

  func validate() throws {
    if !(speed >= 0.01 && speed <= 1000) { throw ValidationError("--speed is 0.01 to 1000, not \(speed)") }
  }

  func work() async throws {
    let cast = try CastFile(try await content(), name: what)
    guard StandardStreams.isTerminal(0), StandardStreams.isTerminal(1), !options.quiet else {
      for event in cast.output { if !StandardStreams.writeOutput(Array(event.text.utf8)) { return } }
      return
    }
    try await CastPlayer(cast, speed: speed, idle: idle.duration).play()
  }

  private func content() async throws -> [UInt8] {
    if let stamp = FileStamp(what), stamp.isFolder {
      throw CmdopError(.badUsage, "\(what) is a folder", hint: "ls \(ShellWord.quoted(what))")
    }
    if what.contains("/"), FileStamp(what) == nil { throw Hint.noFile(what) }
    if let bytes = try PrivateFiles.read(what, limit: CastFile.limit) { return bytes }
    let reach = try await options.reach(pin: pin)
    let choice = try SessionChoice.parse([what] + (host.isEmpty ? [] : ["--host", host]))
    let card = try await choice.terminal(reach, ended: true)
    var content: [UInt8] = []
    try await SessionClient(reach).save(card.sessionID, on: card.machineID, asText: false) { content += $0 }
    return content
  }
}

/// Plays a cast at its own pace, and listens to keys.
@Loop
private final class CastPlayer {
  private let cast: CastFile
  private let idle: Duration
  private var speed: Double
  private var isStopped = false
  private var isLeft = false
  private let key = Turnstile()

  init(_ cast: CastFile, speed: Double, idle: Duration) {
    (self.cast, self.speed, self.idle) = (cast, speed, idle)
  }

  func play() async throws {
    let terminal = try OwnTerminal.open()
    defer {
      OwnTerminal.restore()
      terminal.close()
    }
    let signals = ProcessSignals.stream([.interrupt, .terminate, .hangUp])
    await withTaskGroup { group in
      group.addTask { await self.listen(terminal) }
      group.addTask { await self.show(terminal) }
      group.addTask { for await _ in signals { break } }
      await group.next()
      group.cancelAll()
    }
    await terminal.write(TerminalReset.bytes)
  }

  private func listen(_ terminal: OwnTerminal) async {
    while let bytes = await terminal.read() {
      for byte in bytes.readableBytesView {
        switch byte {
        case UInt8(ascii: " "): isStopped.toggle()
        case UInt8(ascii: "+"), UInt8(ascii: "="): speed = min(speed * 2, 1000)
        case UInt8(ascii: "-"): speed = max(speed / 2, 0.01)
        case UInt8(ascii: "q"), 3, 4: isLeft = true
        default: break
        }
      }
      key.wake()
      if isLeft { return }
    }
  }

  private func show(_ terminal: OwnTerminal) async {
    var last = 0.0
    for event in cast.output {
      let pause = min(max(0, event.time - last), idle / .seconds(1)) / speed
      last = event.time
      await wait(.seconds(pause))
      if isLeft || Task.isCancelled { return }
      await terminal.write(event.text)
    }
  }

  private func wait(_ time: Duration) async {
    let deadline = ContinuousClock.now + time
    let alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(time / .nanoseconds(1)))) {
      Loop.assumeIsolated { self.key.wake() }
    }
    try? await key.wait { !isStopped && ContinuousClock.now >= deadline || isLeft }
    alarm.cancel()
  }
}
