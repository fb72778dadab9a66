import ArgumentParser
import Connect
import Core
import Host
import Wire

struct SessionDetachCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "detach", abstract: "Send clients away from a session; it goes on.",
    discussion: "Example: cmdop session detach build")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice
  @Option(help: "Only this client; its id stands in session show.") var client = ""

  func work() async throws {
    let reach = try await options.reach(pin: pin)
    let card = try await choice.terminal(reach)
    _ = try await SessionClient(reach).details(card.sessionID, on: card.machineID, change: .detachClient(client))
    if options.json {
      Report.json(["detached": card.sessionID])
    } else {
      Report.line("clients of \(card.name) are sent away")
    }
  }
}

struct SessionRenameCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Give a session another name.",
    discussion: "Example: cmdop session rename term-1 build")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice
  @Argument(help: "The new name: letters, digits, \"-\", \"_\", \".\"; of a conversation, any words.") var name: String

  func work() async throws {
    let reach = try await options.reach(pin: pin)
    let card = try await choice.find(reach)
    if card.conversation {
      let known = try await ConversationClient(reach).list(on: card.machineID, card.sessionID, change: .rename(name))
      let title = known.first?.title ?? name
      return options.json ? Report.json(["renamed": title]) : Report.line("it is \"\(title)\" now")
    }
    let details = try await SessionClient(reach).details(card.sessionID, on: card.machineID, change: .rename(name))
    if options.json {
      Report.json(["renamed": details.card.name])
    } else {
      Report.line("it is \(details.card.name) now")
    }
  }
}

struct SessionSetCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Change how long a session waits, and whether it is recorded.",
    discussion: "Example: cmdop session set build --idle 30d --record")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @OptionGroup var choice: SessionChoice
  @Option(help: "End it after so long without a client and without output: 30s to 30d.") var idle: Span?
  @Option(help: "How long it is in GRACE_PERIOD when its machine is missing: 30s to 30d.") var grace: Span?
  @Flag(inversion: .prefixedNo, help: "Record its output with its timing.") var record: Bool?

  func validate() throws {
    if idle == nil && grace == nil && record == nil { throw ValidationError("give --idle, --grace or --record") }
  }

  func work() async throws {
    let reach = try await options.reach(pin: pin)
    let (client, card) = (SessionClient(reach), try await choice.terminal(reach))
    if let idle {
      _ = try await client.details(card.sessionID, on: card.machineID, change: .idleTtlSeconds(idle.seconds))
    }
    if let grace {
      _ = try await client.details(card.sessionID, on: card.machineID, change: .graceSeconds(grace.seconds))
    }
    if let record { _ = try await client.details(card.sessionID, on: card.machineID, change: .record(record)) }
    if options.json { Report.json(["changed": card.sessionID]) } else { Report.line("\(card.name) is changed") }
  }
}

struct SessionDestroyCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "destroy", abstract: "End a session and the programs in it; delete a conversation.",
    discussion: "Example: cmdop session destroy term-1 --host box\nExample: cmdop session destroy --idle 24h\n"
      + "Example: cmdop session destroy --idle 30d --kind conversation")
  @OptionGroup var options: GlobalOptions
  @OptionGroup var pin: PINOptions
  @Argument(help: "The session's id, a unique beginning of it, or its name.") var session: String?
  @Option(help: "Its machine, where the name alone is not unique; with --idle: only there.") var host = ""
  @Option(help: "All that nobody is attached to and that have shown no life for so long.") var idle: Span?
  @Option(help: "With --idle: terminals, or conversations, which are then deleted.") var kind: SessionKind?

  func validate() throws {
    if (session == nil) == (idle == nil) { throw ValidationError("name a session, or give --idle TIME") }
    if kind != nil && idle == nil { throw ValidationError("--kind is for --idle TIME") }
  }

  func work() async throws {
    let reach = try await options.reach(pin: pin)
    if let idle { return try await destroyIdle(idle, reach) }
    let card = try await SessionChoice.parse([session ?? ""] + (host.isEmpty ? [] : ["--host", host])).find(reach)
    try await destroy(card, reach)
    if options.json { Report.json(["destroyed": [card.sessionID]]) } else { Report.line(Self.gone(card, card.name)) }
  }

  private func destroy(_ card: Cmdop_V1_SessionCard, _ reach: Reach) async throws(CmdopError) {
    if card.conversation {
      _ = try await ConversationClient(reach).list(on: card.machineID, card.sessionID, change: .remove(true))
    } else {
      try await SessionClient(reach).destroy(card.sessionID, on: card.machineID)
    }
  }

  private static func gone(_ card: Cmdop_V1_SessionCard, _ name: String) -> String {
    card.conversation ? "conversation \(name) is deleted" : "session \(name) is ended"
  }

  private func destroyIdle(_ idle: Span, _ reach: Reach) async throws {
    let since = wallClock() - Int64(idle.duration / .milliseconds(1))
    let cards = try await RelayClient(reach).sessions(on: host, includeEnded: false)
      // What was said is not to be lost by tidying up terminals.
      .filter { SessionKind($0) == kind ?? .terminal && $0.clients == 0 && $0.lastActiveAtMs <= since }
    var destroyed: [String] = []
    for card in cards {
      do {
        try await destroy(card, reach)
        destroyed.append(card.sessionID)
        if !options.json { Report.line(Self.gone(card, "\(card.name) on \(card.hostname)")) }
      } catch { Report.note("\(card.name) on \(card.hostname): \(error.message)") }
    }
    if options.json { return Report.json(["destroyed": destroyed]) }
    if cards.isEmpty { Report.note("no \((kind ?? .terminal).rawValue) was idle for that long") }
  }
}
