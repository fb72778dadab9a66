public import Core
public import NIOCore
public import SwiftProtobuf

/// Whatever a machine says (protos/cmdop/v1/machine.proto).
public typealias AgentMessage = Cmdop_V1_AgentMessage
/// Whatever is asked of a machine.
public typealias ControlMessage = Cmdop_V1_ControlMessage

/// The calls that are served as streams of frames; all others are typed (TypedServer).
public enum CallPath {
  public static let connect = "/cmdop.v1.AgentLink/Connect"
  public static let open = "/cmdop.v1.Machine/Open"
}

extension AgentMessage {
  public init(_ payload: OneOf_Payload, session: SessionID? = nil) {
    self.init()
    self.payload = payload
    if let session { sessionID = session.rawValue }
  }

  /// The last message of every operation.
  public static func ended(_ end: ProgramEnd, timedOut: Bool = false, milliseconds: UInt64 = 0) -> Self {
    Self(
      .ended(
        .with {
          switch end {
          case .exited(let code): $0.exitCode = code
          case .signalled(let number): $0.signal = number
          case .unknown: $0.failure = .init(CmdopError(.internalError, "nobody saw the program end"))
          }
          $0.timedOut = timedOut
          $0.durationMs = milliseconds
        }))
  }

  public static func failed(_ error: CmdopError) -> Self { Self(.ended(.with { $0.failure = .init(error) })) }
}

extension ControlMessage {
  public init(_ payload: OneOf_Payload) {
    self.init()
    self.payload = payload
  }
}

extension Cmdop_V1_Failure {
  public init(_ error: CmdopError) {
    self.init()
    code = error.code.rawValue
    message = error.message
    hint = error.hint ?? ""
  }

  public var error: CmdopError {
    CmdopError(.init(rawValue: code.isEmpty ? "internal" : code), message, hint: hint.isEmpty ? nil : hint)
  }
}

extension Cmdop_V1_Caller {
  public init(_ caller: Caller) {
    self.init()
    kind =
      switch caller.kind {
      case .local: .local
      case .operator: .operator
      case .machine: .machine
      case .guest: .guest
      }
    subject = caller.subject
    role = caller.role.rawValue
    fleetID = caller.fleet.rawValue
    via = caller.via.map(\.rawValue)
    if let pass = caller.guest {
      guest = .filled {
        ($0.shareID, $0.sessionID, $0.readOnly) = (pass.share, pass.session?.rawValue ?? "", pass.isReadOnly)
      }
    }
  }
}

extension Caller {
  /// nil when the message says no valid caller: such a request was admitted by nobody.
  public init?(_ message: Cmdop_V1_Caller) {
    let kinds: [Cmdop_V1_Caller.Kind: Kind] = [
      .local: .local, .operator: .operator, .machine: .machine, .guest: .guest,
    ]
    guard let kind = kinds[message.kind], let role = Role(rawValue: message.role),
      (kind == .guest) == message.hasGuest
    else { return nil }
    let guest = message.hasGuest ? message.guest : nil
    self.init(
      kind: kind, subject: message.subject, role: role, fleet: FleetID(message.fleetID),
      via: message.via.map { MachineID($0) },
      guest: guest.map {
        GuestPass(
          share: $0.shareID, session: $0.sessionID.isEmpty ? nil : SessionID($0.sessionID), isReadOnly: $0.readOnly)
      })
  }
}

extension Cmdop_V1_MachineMetrics {
  public init(_ vitals: MachineVitals) {
    self.init()
    if let value = vitals.cpuPercent { cpuPercent = value }
    if let value = vitals.memoryUsedBytes { memoryUsedBytes = value }
    if let value = vitals.memoryTotalBytes { memoryTotalBytes = value }
    if let value = vitals.diskUsedBytes { diskUsedBytes = value }
    if let value = vitals.diskTotalBytes { diskTotalBytes = value }
    if let value = vitals.load1m { load1M = value }
    if let value = vitals.uptimeSeconds { uptimeSeconds = value }
    if let value = vitals.batteryPercent { batteryPercent = value }
  }
}

/// Lets protobuf read straight from a network buffer.
struct BufferBytes: SwiftProtobufContiguousBytes {
  var buffer: ByteBuffer
  init(_ buffer: ByteBuffer) { self.buffer = buffer }
  init(repeating: UInt8, count: Int) { buffer = ByteBuffer(repeating: repeating, count: count) }
  init(_ sequence: some Sequence<UInt8>) { buffer = ByteBuffer(bytes: sequence) }
  var count: Int { buffer.readableBytes }
  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try buffer.withUnsafeReadableBytes(body)
  }
  mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    try buffer.withUnsafeMutableReadableBytes(body)
  }
}

extension SwiftProtobuf.Message {
  /// Decodes bytes from outside. Throws `bad_usage`: what is not a message of this kind is a fault of the sender.
  public init(decoding bytes: ByteBuffer) throws(CmdopError) {
    do { try self.init(serializedBytes: BufferBytes(bytes)) } catch {
      throw CmdopError(.badUsage, "a \(Self.protoMessageName) of \(bytes.readableBytes) bytes could not be decoded")
    }
  }
}

extension MachineVitals {
  public init(_ message: Cmdop_V1_MachineMetrics) {
    self.init()
    // A machine may say anything; what is no number is as good as not said.
    func number(_ value: Double, upTo most: Double) -> Double? { value.isFinite ? min(max(value, 0), most) : nil }
    if message.hasCpuPercent { cpuPercent = number(message.cpuPercent, upTo: 100) }
    if message.hasMemoryUsedBytes { memoryUsedBytes = message.memoryUsedBytes }
    if message.hasMemoryTotalBytes { memoryTotalBytes = message.memoryTotalBytes }
    if message.hasDiskUsedBytes { diskUsedBytes = message.diskUsedBytes }
    if message.hasDiskTotalBytes { diskTotalBytes = message.diskTotalBytes }
    if message.hasLoad1M { load1m = number(message.load1M, upTo: 1e6) }
    if message.hasUptimeSeconds { uptimeSeconds = message.uptimeSeconds }
    if message.hasBatteryPercent { batteryPercent = number(message.batteryPercent, upTo: 100) }
  }
}
