import Core
import Fleet
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
  var clockIsKnown = false
  /// What the machine shows with each call of its own; nil: it is too old to know of it.
  let registration: String?
  private let sign = Turnstile()
  var vitals: MachineVitals?
  var sessions: UInt32 = 0
  fileprivate var spares: [CallStream] = []
  /// Operations that wait for a spare stream, the oldest first. Each is woken by itself: an arrival is for one of them.
  fileprivate var waiting: [Turnstile] = []
  fileprivate(set) var isUp = true

  init(
    machine: MachineID, fleet: FleetID, control: CallStream, registration: String? = nil, now: NIODeadline
  ) {
    (self.machine, self.fleet, self.control, lastHeard) = (machine, fleet, control, now)
    self.registration = registration
  }

  /// Whether a call is this machine's own. The connection alone says so only where nobody else can be on it: a proxy may send
  /// the calls of many over one. Throws when it cannot be told.
  func owns(_ call: CallStream, showing secret: String, isBehindProxy: Bool) throws(CmdopError) -> Bool {
    guard isUp, let connection = call.connection, control.connection == connection else { return false }
    if let registration { return isSame(secret, registration) }
    guard isBehindProxy else { return true }
    throw CmdopError(
      .version, "behind a proxy a machine must show which registration it belongs to; this one is too old for that",
      hint: "update cmdop on the machine")
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

  var waitingOperations: Int { waiting.count }

  /// There is something for whoever waits longest.
  fileprivate func serve() {
    if !spares.isEmpty { waiting.first?.wake() }
  }
}

/// Which machine is on which line. One line per machine: a machine that comes back replaces its dead predecessor.
@Loop
final class Switchboard: Sendable {
  private var lines: [MachineID: MachineLine] = [:]
  private var machines: [ObjectIdentifier: MachineID] = [:]

  var all: [MachineLine] { Array(lines.values) }

  func line(of machine: MachineID) -> MachineLine? { lines[machine] }

  /// The machine that has proved itself on the connection of this call. `secret`: which of those on it, as the machine shows
  /// it; empty for old machines.
  func line(
    carrying call: CallStream, showing secret: String, isBehindProxy: Bool
  ) throws(CmdopError) -> MachineLine? {
    let named = secret.split(separator: ".").first.map { MachineID(String($0)) }
    guard let machine = named ?? call.connection.flatMap({ machines[$0] }), let line = lines[machine],
      try line.owns(call, showing: secret, isBehindProxy: isBehindProxy)
    else { return nil }
    return line
  }

  /// Puts a machine on line; returns the predecessor that was cut, if there was one.
  @discardableResult
  func plug(_ line: MachineLine) -> MachineLine? {
    let old = lines.updateValue(line, forKey: line.machine)
    defer { if let connection = line.control.connection { machines[connection] = line.machine } }
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
    if let connection = line.control.connection, machines[connection] == line.machine { machines[connection] = nil }
    let spares = line.spares
    line.spares = []
    for spare in spares { spare.cancel() }
    line.control.cancel()
    for operation in line.waiting { operation.wake() }
  }

  /// A machine offers a stream for one operation.
  func park(
    _ spare: CallStream, of machine: MachineID, showing secret: String, isBehindProxy: Bool
  ) throws(CmdopError) {
    guard let line = lines[machine], try line.owns(spare, showing: secret, isBehindProxy: isBehindProxy) else {
      throw CmdopError(.wrongState, "machine \(machine) offers a spare stream before it registered")
    }
    guard line.spares.count < 4 * Limits.spareStreams + line.waiting.count else {
      throw CmdopError(.limit, "machine \(machine) offers more than \(line.spares.count) spare streams")
    }
    line.spares.append(spare)
    spare.whenClosed = { [weak line, weak spare] in line?.spares.removeAll { $0 === spare } }
    line.serve()
  }

  /// A stream to the machine, oldest first, for what `client` asks. The machine opens the next one when it hears that one
  /// was taken, so in a burst an operation waits its turn for a round trip or two: at most `patience`, and not after its
  /// client has left.
  func take(
    _ line: MachineLine, for client: CallStream, patience: Duration = .seconds(5)
  ) async throws(CmdopError) -> CallStream {
    guard line.waiting.count < Limits.waitingOperations else {
      throw CmdopError(.limit, "\(line.waiting.count) operations wait for machine \(line.machine) already")
    }
    let turn = Turnstile()
    line.waiting.append(turn)
    let deadline = ContinuousClock.now + patience
    let alarm = Loop.eventLoop.scheduleTask(in: .nanoseconds(Int64(patience / .nanoseconds(1)))) {
      Loop.assumeIsolated { turn.wake() }
    }
    let whenClosed = client.whenClosed
    client.whenClosed = {
      whenClosed?()
      turn.wake()
    }
    defer {
      alarm.cancel()
      client.whenClosed = whenClosed
      line.waiting.removeAll { $0 === turn }
      line.serve()  // who comes next may have been waiting for us only
    }
    do {
      try await turn.wait {
        line.waiting.first === turn && !line.spares.isEmpty || !line.isUp || client.isClosed
          || ContinuousClock.now >= deadline
      }
    } catch { throw CmdopError(.cancelled, "cancelled") }
    if client.isClosed { throw CmdopError(.cancelled, "the client has left") }
    guard line.isUp else { throw CmdopError(.connectionLost, "the machine's connection was lost just now") }
    // In a crowd the wait may end late; what is there by then is taken.
    guard line.waiting.first === turn, !line.spares.isEmpty else {
      throw CmdopError(.unavailable, "the machine opened no stream within \(patience)", hint: "try again")
    }
    let spare = line.spares.removeFirst()
    spare.whenClosed = nil
    return spare
  }
}
