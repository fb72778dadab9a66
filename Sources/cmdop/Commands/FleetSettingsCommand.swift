import ArgumentParser
import Connect
import Core
import Fleet
import Wire

struct FleetSettingsCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "settings", abstract: "Show the fleet's settings, or change them; changes hold at once.",
    discussion: "Example: cmdop fleet settings --idle 30d --grace 5m\nExample: cmdop fleet settings --roles")
  @OptionGroup var options: GlobalOptions
  @Option(help: "How long sessions of a missing machine are in GRACE_PERIOD: 30s to 30d.") var grace: Span?
  @Option(help: "How long a session stays in BACKGROUND: 30s to 30d.") var background: Span?
  @Option(help: "How long a session without a client and without output lives: 30s to 30d.") var idle: Span?
  @Flag(inversion: .prefixedNo, help: "Record new sessions.") var record: Bool?
  @Flag(help: "Print who may do what instead; needs no relay.") var roles = false

  func work() async throws {
    if roles { return showRoles() }
    let client = RelayClient(try await options.reach())
    let change = Cmdop_V1_ChangeSettingsRequest.filled {
      if let grace { $0.graceSeconds = grace.seconds }
      if let background { $0.backgroundSeconds = background.seconds }
      if let idle { $0.idleTtlSeconds = idle.seconds }
      if let record { $0.record = record }
    }
    let settings = change == .init() ? try await client.settings() : try await client.change(change)
    struct View: Encodable {
      let grace_seconds, background_seconds, idle_seconds: UInt32
      let record: Bool
    }
    if options.json {
      return Report.json(
        View(
          grace_seconds: settings.graceSeconds, background_seconds: settings.backgroundSeconds,
          idle_seconds: settings.idleTtlSeconds, record: settings.record))
    }
    Report.table([
      ["Grace", "\(Span(.seconds(settings.graceSeconds)))"],
      ["Background", "\(Span(.seconds(settings.backgroundSeconds)))"],
      ["Idle", "\(Span(.seconds(settings.idleTtlSeconds)))"], ["Record", settings.record ? "yes" : "no"],
    ])
  }
}

extension FleetSettingsCommand {
  private struct RightView: Encodable {
    let right, meaning, scope: String
    let roles: [String]
  }

  /// The table that every door of the relay asks.
  private func showRoles() {
    let all = Role.allCases
    if options.json {
      return Report.json(
        RoleTable.rows.map { row in
          RightView(
            right: row.right.rawValue, meaning: row.meaning, scope: row.scope.rawValue,
            roles: all.filter { row.roles.contains($0) }.map(\.rawValue))
        })
    }
    Report.table(
      [["RIGHT"] + all.map { $0.rawValue.uppercased() } + ["SCOPE OF A KEY", "MEANING"]]
        + RoleTable.rows.map { row in
          [row.right.rawValue] + all.map { row.roles.contains($0) ? "yes" : "-" } + [row.scope.rawValue, row.meaning]
        })
  }
}
