import ArgumentParser
import Connect
import Core
import Fleet
import Host
import Wire

struct JoinCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "join", abstract: "Enrol this machine in a fleet; again is harmless, its id stays.",
    discussion: "Example: cmdop join cjk_… --name workshop")
  @OptionGroup var options: GlobalOptions
  @Argument(help: "The join key, as `cmdop relay join-key` prints it.") var joinKey: String
  @Option(help: "Name for people; the hostname if not given.") var name = ""
  @Option(help: "Set this machine's PIN: who comes over the relay is asked for it.") var pin: String?
  @Option(help: "The same, from a file, so that no process list shows it.") var pinFile: String?

  func validate() throws {
    if pin != nil && pinFile != nil { throw ValidationError("--pin and --pin-file exclude each other") }
  }

  func work() async throws {
    let home = try options.place()
    try home.prepare()
    let key = try JoinKey(joinKey)
    var gate: PINLock.State?
    if let pin = try pinFile.map({ try PINInput.file($0) }) ?? pin {
      gate = try await PINLock.State(pin: pin, now: wallClock())
    }
    let identity = try loadIdentity(home)
    let hostname = Self.valid(LocalMachine.hostname)
    let (reply, relays) = try await Enrolling.enroll(key, identity: identity, hostname: hostname, name: name)
    let enrollment = Enrollment(
      relays: relays.map(\.description), machineID: reply.machineID,
      fleetID: reply.fleetID, fleetName: reply.fleetName, hostname: reply.hostname)
    // The gate stands before anybody can come.
    if let gate { try home.save(gate, home.pin) }
    try home.save(enrollment, home.enrollment)
    let daemon = InstanceLock.holder(of: home.pidFile)
    if options.json {
      struct Joined: Encodable { let machine_id, hostname, fleet, relay: String, created: Bool }
      return Report.json(
        Joined(
          machine_id: reply.machineID, hostname: reply.hostname, fleet: reply.fleetName,
          relay: relays[0].hostAndPort, created: reply.created))
    }
    Report.line("\(reply.hostname) belongs to fleet \(reply.fleetName) (\(reply.machineID))")
    if reply.hostname != hostname {
      Report.note("the name \(hostname) is taken in this fleet: this machine is \(reply.hostname)")
    }
    Report.note(
      daemon == nil ? "next: cmdop agent start" : "next: cmdop agent restart   # a daemon runs with the old settings")
  }

  /// The machine's key: made once, 0600, never sent.
  private func loadIdentity(_ home: Home) throws(CmdopError) -> MachineIdentity {
    if let secret = try PrivateFiles.read(home.identity, limit: 4096) { return try MachineIdentity(secret: secret) }
    let identity = MachineIdentity()
    try PrivateFiles.write(identity.secret, to: home.identity)
    return identity
  }

  /// What a system calls itself may have characters that no hostname has.
  private static func valid(_ hostname: String) -> String {
    let name = hostname.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-._".contains($0)) ? $0 : "-" }
    return String(name.prefix(253))
  }
}
