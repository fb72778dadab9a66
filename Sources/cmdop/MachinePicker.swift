import Connect
import Core
import Host
import NIOCore
import Wire

/// Which machines were used last: recent.json, newest first, at most 50.
struct RecentMachines {
  let home: Home

  var names: [String] { ((try? home.load([String].self, home.recent)) ?? nil) ?? [] }

  func used(_ machine: String) {
    // Losing this convenience must not stop a connection.
    try? home.prepare()
    try? home.save(Array(([machine] + names.filter { $0 != machine }).prefix(50)), home.recent)
  }
}

extension Cmdop_V1_MachineCard {
  /// "vm", or "vm (box)" where it has a name of its own.
  var shown: String {
    displayName.isEmpty || displayName == hostname ? hostname : "\(hostname) (\(OneLine.of(displayName)))"
  }
}

/// Asks which machine: type to filter, arrows to choose, Enter.
struct MachinePicker {
  let recent: RecentMachines
  let options: GlobalOptions

  func pick(_ reach: Reach) async throws -> String {
    guard !options.quiet, StandardStreams.isTerminal(0), StandardStreams.isTerminal(1) else {
      throw CmdopError(.badUsage, "which machine?", hint: "cmdop machines")
    }
    let recent = recent.names
    let machines = try await RelayClient(reach).machines(onlineOnly: false).sorted { a, b in
      let ranks = [a, b].map { machine in recent.firstIndex(of: machine.hostname) ?? Int.max }
      return (a.online ? 0 : 1, ranks[0], a.hostname) < (b.online ? 0 : 1, ranks[1], b.hostname)
    }
    guard !machines.isEmpty else {
      throw CmdopError(.notFound, "no machine has joined yet", hint: options.joinKeyHint)
    }
    return try await choose(machines)
  }

  @Loop private func choose(_ machines: [Cmdop_V1_MachineCard]) async throws -> String {
    let terminal = try OwnTerminal.open()
    defer {
      OwnTerminal.restore()
      terminal.close()
    }
    let keys = PickerKeys()
    var (filter, chosen, drawn) = ("", 0, 0)
    while true {
      let hits = machines.filter { Self.matches(filter, $0.hostname) || Self.matches(filter, $0.displayName) }
      chosen = min(max(0, chosen), max(0, hits.count - 1))
      let rows = max(3, Int(OwnTerminal.size.rows) - 3)
      let first = max(0, chosen - rows + 1)
      let lines = hits[first..<min(hits.count, first + rows)].enumerated().map { index, machine in
        let mark = index + first == chosen ? "\u{1b}[7m" : machine.online ? "" : "\u{1b}[2m"
        return "\(mark) \(machine.shown)  \(machine.online ? machine.platform : "offline")\u{1b}[0m"
      }
      let back = drawn > 0 ? "\u{1b}[\(drawn)A" : ""
      await terminal.write(
        "\(back)\r\u{1b}[Jmachine: \(filter)\r\n" + lines.joined(separator: "\r\n") + (lines.isEmpty ? "no match" : ""))
      drawn = max(1, lines.count)
      guard let bytes = await terminal.read() else { throw CmdopError(.cancelled, "cancelled") }
      // One read may bring several keys: somebody types ahead, or pastes.
      for key in keys.feed(bytes.readableBytesView) {
        let hits = machines.filter { Self.matches(filter, $0.hostname) || Self.matches(filter, $0.displayName) }
        switch key {
        case .enter where !hits.isEmpty:
          await terminal.write("\u{1b}[\(drawn)A\r\u{1b}[J")
          return hits[min(chosen, hits.count - 1)].hostname
        case .enter: break
        case .up: chosen = max(0, chosen - 1)
        case .down: chosen = min(chosen + 1, max(0, hits.count - 1))
        case .cancel:
          await terminal.write("\u{1b}[\(drawn)A\r\u{1b}[J")
          throw CmdopError(.cancelled, "cancelled")
        case .erase: filter = String(filter.dropLast())
        case .text(let letter): filter.append(letter)
        }
      }
    }
  }

  /// Whether the letters occur in this order; case does not count.
  static func matches(_ filter: String, _ name: String) -> Bool {
    var rest = name.lowercased()[...]
    for letter in filter.lowercased() where letter != " " {
      guard let at = rest.firstIndex(of: letter) else { return false }
      rest = rest[rest.index(after: at)...]
    }
    return true
  }
}
