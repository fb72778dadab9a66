import Core
import NIOCore
import Wire

/// A machine's connection as the relay sees it: its registration stream, and the spare streams that wait for operations.
@Loop
final class MachineLine: Sendable {
  let machine: MachineID
  let fleet: FleetID
  let control: CallStream
  private(set) var lastHeard: NIODeadline
  /// Which daemon process it is, and from where it calls.
  var instance = ""
  var address = ""
  private let sign = Turnstile()
  var vitals: MachineVitals?
  var sessions: UInt32 = 0
  fileprivate var spares: [CallStream] = []
  fileprivate var waiting = 0
  fileprivate let arrival = Turnstile()
  fileprivate(set) var isUp = true

  init(machine: MachineID, fleet: FleetID, control: CallStream, now: NIODeadline) {
    (self.machine, self.fleet, self.control, lastHeard) = (machine, fleet, control, now)
  }

  func heard() {
    lastHeard = .now()
    sign.wake()
  }

  /// Whether somebody is there who hears us.
  func answers(within patience: Duration) async -> Bool {
    let (asked, deadline) = (NIODeadline.now(), ContinuousClock.now + patience)
    guard (try? control.send(ControlMessage(.probe(.init())))) != nil else { return false }
    let alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(patience / .nanoseconds(1)))) {
      Loop.assumeIsolated { self.sign.wake() }
    }
    defer { alarm.cancel() }
    try? await sign.wait { lastHeard > asked || !isUp || ContinuousClock.now >= deadline }
    return isUp && lastHeard > asked
  }
}

/// Which machine is on which line. One line per machine: a machine that comes back replaces its dead predecessor.
@Loop
final class Switchboard: Sendable {
  private var lines: [MachineID: MachineLine] = [:]

  var all: [MachineLine] { Array(lines.values) }

  func line(of machine: MachineID) -> MachineLine? { lines[machine] }

  /// Puts a machine on line; returns the predecessor that was cut, if there was one.
  @discardableResult
  func plug(_ line: MachineLine) -> MachineLine? {
    let old = lines.updateValue(line, forKey: line.machine)
    if let old {
      cut(old)
      // Its operations are as dead as it is; their clients shall not wait until TCP finds out.
      old.control.closeConnection()
    }
    return old
  }

  /// False when another line has taken its place already.
  func unplug(_ line: MachineLine) -> Bool {
    cut(line)
    guard lines[line.machine] === line else { return false }
    lines[line.machine] = nil
    return true
  }

  private func cut(_ line: MachineLine) {
    guard line.isUp else { return }
    line.isUp = false
    let spares = line.spares
    line.spares = []
    for spare in spares { spare.cancel() }
    line.control.cancel()
    line.arrival.wake()
  }

  /// A machine offers a stream for one operation.
  func park(_ spare: CallStream, of machine: MachineID) throws(CmdopError) {
    // The machine has proved itself on this connection: nobody else can call on it.
    guard let line = lines[machine], line.isUp, line.control.connection == spare.connection else {
      throw CmdopError(.wrongState, "machine \(machine) offers a spare stream before it registered")
    }
    guard line.spares.count < 4 * Limits.spareStreams + line.waiting else {
      throw CmdopError(.limit, "machine \(machine) offers more than \(line.spares.count) spare streams")
    }
    line.spares.append(spare)
    spare.whenClosed = { [weak line, weak spare] in line?.spares.removeAll { $0 === spare } }
    line.arrival.wake()
  }

  /// A stream to the machine, oldest first. The machine opens the next one when it hears that one was taken, so in a
  /// burst an operation waits its turn for a round trip or two: at most `patience`.
  func take(_ line: MachineLine, patience: Duration = .seconds(5)) async throws(CmdopError) -> CallStream {
    guard line.waiting < Limits.waitingOperations else {
      throw CmdopError(.limit, "\(line.waiting) operations wait for machine \(line.machine) already")
    }
    line.waiting += 1
    defer { line.waiting -= 1 }
    let deadline = ContinuousClock.now + patience
    let alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(patience / .nanoseconds(1)))) {
      Loop.assumeIsolated { line.arrival.wake() }
    }
    defer { alarm.cancel() }
    // All that wait are woken by one arrival, and only one of them gets it.
    while line.spares.isEmpty {
      guard line.isUp else { throw CmdopError(.connectionLost, "the machine's connection was lost just now") }
      guard ContinuousClock.now < deadline else {
        throw CmdopError(.unavailable, "the machine opened no stream within \(patience)", hint: "try again")
      }
      do {
        try await line.arrival.wait { !line.spares.isEmpty || !line.isUp || ContinuousClock.now >= deadline }
      } catch { throw CmdopError(.cancelled, "cancelled") }
    }
    guard line.isUp else { throw CmdopError(.connectionLost, "the machine's connection was lost just now") }
    let spare = line.spares.removeFirst()
    spare.whenClosed = nil
    return spare
  }
}
