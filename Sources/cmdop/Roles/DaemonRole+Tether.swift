import Core
import Daemon
import Host
import Logging
import Wire

/// The daemon's way to its relay: what enrolment left, and the machine's key.
extension DaemonRole {
  @Loop func makeTether(
    _ enrollment: Enrollment?, _ service: MachineService, _ log: Logger, _ now: @escaping @Sendable () -> Int64,
    vitals: @escaping @Loop @Sendable () -> MachineVitals
  ) throws(CmdopError) -> RelayTether? {
    guard let enrollment else { return nil }
    var relays: [RelayAddress] = []
    for text in enrollment.relays { relays.append(try RelayAddress(text)) }
    var options = RelayTether.Options(
      relays: relays, machine: MachineID(enrollment.machineID),
      hostname: enrollment.hostname, platform: LocalMachine.platform, vitals: vitals, sign: signer)
    options.whenPinsChange = { follow(pins: $0, log) }
    return RelayTether(options, service: service, log: log, now: now)
  }

  /// Reads the key each time: one that was put back counts at once.
  private var signer: @Sendable ([UInt8]) throws(CmdopError) -> [UInt8] {
    { [file = home.identity] (claim) throws(CmdopError) in
      guard let secret = try PrivateFiles.read(file, limit: 4096) else {
        throw CmdopError(
          .internalError, "this machine cannot prove who it is: \(file) is missing; it must join again",
          hint: "cmdop join JOIN-KEY")
      }
      guard let identity = try? MachineIdentity(secret: secret) else {
        throw CmdopError(
          .internalError,
          "this machine cannot prove who it is: \(file) is damaged (\(secret.count) bytes instead of 32); without it "
            + "this machine must join again", hint: "mv \(file) \(file).damaged && cmdop join JOIN-KEY")
      }
      return try identity.sign(claim)
    }
  }

  /// Writes down by which keys the relay wants to be known, the one in use first. Gives the addresses when they have changed.
  private func follow(pins: [String], _ log: Logger) -> [RelayAddress]? {
    do {
      guard var enrollment = try Enrollment.load(home) else { return nil }
      var relays: [RelayAddress] = []
      for text in enrollment.relays { relays.append(try RelayAddress(text).announcing(pins)) }
      if enrollment.relays == relays.map(\.description) { return nil }
      enrollment.relays = relays.map(\.description)
      try home.save(enrollment, home.enrollment)
      log.info("the relay's keys were written down", metadata: ["keys": "\(pins.joined(separator: ","))"])
      return relays
    } catch {
      log.error("the relay's new keys could not be written down", metadata: ["why": "\(CmdopError(error).message)"])
      return nil
    }
  }
}
