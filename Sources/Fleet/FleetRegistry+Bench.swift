public import Core
import Store

extension FleetRegistry {
  /// Fills a fleet for measurements: machines m0-box, m1-box, … that can never connect, and an owner.
  public func fill(_ fleet: FleetID, with count: Int, owner: AccountRecord) async throws(CmdopError) {
    let machines = (0..<count).map { number in
      MachineRecord(
        id: MachineID(newIdentifier()), fleet: fleet, hostname: "m\(number)-box", displayName: "m\(number)",
        platform: "linux/x86_64", publicKey: newIdentifier())
    }
    let time = now()
    _ = try await change { db, _ in
      try db.execute(
        "INSERT OR IGNORE INTO member VALUES (?, ?, 'owner', ?)",
        [.text(fleet.rawValue), .text(owner.id.rawValue), .integer(time)])
      for machine in machines {
        try db.execute(
          "INSERT INTO machine (id, fleet, hostname, display_name, platform, public_key, enrolled_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
          [
            .text(machine.id.rawValue), .text(fleet.rawValue), .text(machine.hostname), .text(machine.displayName),
            .text(machine.platform), .text(machine.publicKey), .integer(time),
          ])
      }
    } apply: { memory, _ in
      for machine in machines { memory.put(machine) }
      memory.members[fleet, default: [:]][owner.id] = MemberRecord(
        fleet: fleet, account: owner, role: .owner, since: time)
    }
  }
}
