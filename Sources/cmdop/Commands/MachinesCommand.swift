import ArgumentParser
import Connect
import Core
import Wire

struct MachinesCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "machines", abstract: "The machines of your fleet.",
    discussion: "Example: cmdop machines --online --json\nExample: cmdop machines --watch")
  @OptionGroup var options: GlobalOptions
  @Flag(help: "Only those that are online.") var online = false
  @Flag(help: "Stay, and show what changes; with --json one object for each change.") var watch = false

  func validate() throws {
    if watch && online { throw ValidationError("--watch and --online exclude each other") }
  }

  func work() async throws {
    if watch {
      let reach = try await options.reach()
      return try await Person.interruptible {
        try await MachineWatch(client: RelayClient(reach), asJSON: options.json).run()
      }
    }
    let machines = try await RelayClient(try await options.reach()).machines(onlineOnly: online)
    Self.print(machines, options)
  }

  static func print(_ machines: [Cmdop_V1_MachineCard], _ options: GlobalOptions) {
    if options.json { return Report.json(machines.map { MachineView($0) }) }
    if machines.isEmpty { return Report.note("no machines yet; try: \(options.joinKeyHint)") }
    Report.table(rows(machines))
  }

  static func rows(_ machines: [Cmdop_V1_MachineCard]) -> [[String]] {
    [["HOSTNAME", "NAME", "STATE", "SEEN", "PLATFORM", "VERSION", "CPU", "SESSIONS", "ID"]]
      + machines.map { machine in
        [
          machine.hostname, machine.displayName, machine.online ? "online" : "offline",
          machine.online ? "now" : Report.ago(machine.lastSeenAtMs), machine.platform, machine.version,
          machine.metrics.hasCpuPercent ? "\(Int(machine.metrics.cpuPercent)) %" : "-", "\(machine.sessions)",
          String(machine.machineID.prefix(8)),
        ]
      }
  }
}

/// A machine as programs read it.
struct MachineView: Encodable {
  let machine_id, hostname, name, platform, version: String
  let online: Bool
  let last_seen_at_ms, enrolled_at_ms: Int64
  let sessions: UInt32
  let metrics: Metrics?

  struct Metrics: Encodable {
    let cpu_percent, load_1m, battery_percent: Double?
    let memory_used_bytes, memory_total_bytes, disk_used_bytes, disk_total_bytes, uptime_seconds: UInt64?
  }

  init(_ card: Cmdop_V1_MachineCard) {
    (machine_id, hostname, name) = (card.machineID, card.hostname, card.displayName)
    (platform, version, online, sessions) = (card.platform, card.version, card.online, card.sessions)
    (last_seen_at_ms, enrolled_at_ms) = (card.lastSeenAtMs, card.enrolledAtMs)
    let vitals = MachineVitals(card.metrics)
    metrics =
      card.hasMetrics
      ? Metrics(
        cpu_percent: vitals.cpuPercent, load_1m: vitals.load1m, battery_percent: vitals.batteryPercent,
        memory_used_bytes: vitals.memoryUsedBytes, memory_total_bytes: vitals.memoryTotalBytes,
        disk_used_bytes: vitals.diskUsedBytes, disk_total_bytes: vitals.diskTotalBytes,
        uptime_seconds: vitals.uptimeSeconds) : nil
  }
}
