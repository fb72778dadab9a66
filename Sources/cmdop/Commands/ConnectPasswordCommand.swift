import ArgumentParser
import Core
import Fleet
import FoundationEssentials
import Host

struct ConnectPasswordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "password", abstract: "This machine's PIN, the second gate for whoever comes over the relay.",
    discussion: """
      A machine with a PIN asks for it before anything else happens, whatever the relay says. Five wrong ones shut it for
      15 minutes. Its own user, on the machine itself, is never asked.
      """,
    subcommands: [
      PasswordSetCommand.self, PasswordClearCommand.self, PasswordStatusCommand.self, PasswordListCommand.self,
    ])
}

struct PasswordSetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Set this machine's PIN, or another one.",
    discussion: """
      Example: cmdop connect password set
      Asks twice and shows nothing. In scripts: --pin-file FILE, or -q and the PIN as the first line of standard input.
      It holds at once; a lock after wrong tries is over.
      """)
  @OptionGroup var options: GlobalOptions
  @Option(help: "Take the PIN from this file: its first line.") var pinFile: String?

  func work() async throws {
    let home = try options.place()
    try home.prepare()
    let pin =
      if let pinFile { try PINInput.file(pinFile) } else if options.quiet { try PINInput.standardInput() } else {
        try await PINInput.person()
      }
    try home.save(try await PINLock.State(pin: pin, now: wallClock()), home.pin)
    if options.json { return Report.json(["set": true]) }
    Report.line("this machine has a PIN: whoever comes over the relay is asked for it")
  }
}

struct PasswordClearCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "clear", abstract: "Take this machine's PIN away; with an id, forget the cached one of that machine.",
    discussion: "Example: cmdop connect password clear")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "A machine's id, as `cmdop connect password list` shows it.") var machine: String?

  func work() async throws {
    let home = try options.place()
    if let machine {
      guard try await CachedPINs(home: home).forget(machine) else {
        throw CmdopError(
          .notFound, "no PIN of a machine \"\(machine)\" is cached here", hint: "cmdop connect password list")
      }
      if options.json { return Report.json(["forgotten": machine]) }
      return Report.line("the PIN of \(machine) is forgotten here")
    }
    let was = PrivateFiles.size(home.pin) != nil
    PrivateFiles.remove(home.pin)
    if PrivateFiles.size(home.pin) != nil { throw CmdopError(.denied, "\(home.pin) cannot be removed") }
    if options.json { return Report.json(["set": false]) }
    Report.line(was ? "this machine has no PIN any more" : "this machine had no PIN")
  }
}

struct PasswordStatusCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Whether this machine has a PIN, and how many wrong ones there were.",
    discussion: "Example: cmdop connect password status")
  @OptionGroup var options: GlobalOptions

  private struct Answer: Encodable {
    var set = false
    var set_at_ms: Int64?
    var wrong_tries: Int?
    var locked_until_ms: Int64?
  }

  func work() async throws {
    let home = try options.place()
    let state = try home.load(PINLock.State.self, home.pin)
    let isLocked = state?.isLocked(at: wallClock()) ?? false
    if options.json {
      return Report.json(
        state.map {
          Answer(
            set: true, set_at_ms: $0.setAt, wrong_tries: $0.wrong, locked_until_ms: isLocked ? $0.lockedUntil : nil)
        } ?? Answer())
    }
    guard let state else { return Report.line("no PIN is set") }
    Report.line("a PIN is set since \(time(state.setAt)) (\(Report.ago(state.setAt)))")
    if isLocked {
      Report.line("locked until \(time(state.lockedUntil)) after \(state.wrong) wrong ones")
    } else if state.wrong > 0 {
      Report.line("wrong ones since the last right one: \(state.wrong)")
    }
  }

  private func time(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds / 1000)).ISO8601Format()
  }
}

struct PasswordListCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the machines whose PIN this client remembers; no PIN is shown.",
    discussion: "Example: cmdop connect password list")
  @OptionGroup var options: GlobalOptions

  func work() async throws {
    let now = wallClock()
    let known = try CachedPINs(home: try options.place()).list(now: now)
    if options.json {
      struct Row: Encodable { let machine_id: String, until_ms: Int64 }
      return Report.json(known.map { Row(machine_id: $0.machine, until_ms: $0.until) })
    }
    if known.isEmpty { return Report.note("no PIN is remembered here") }
    Report.table(
      [["MACHINE", "FOR"]] + known.map { [$0.machine, "\(max(1, ($0.until - now) / 60_000)) min"] })
  }
}
