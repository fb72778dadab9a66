import Wire

/// What a new session is to be.
public struct SessionBeginning: Sendable {
  public var name = ""
  public var term = "xterm-256color"
  public var environment: [String: String] = [:]
  /// The words of its program; empty: the login shell.
  public var arguments: [String] = []
  public var directory = ""
  /// Output that stands above its own; at most 1 MiB.
  public var history: [UInt8] = []
  /// Seconds; 0: as the fleet has it.
  public var idleSeconds: UInt32 = 0
  /// nil: as the fleet has it.
  public var isRecorded: Bool?

  public init() {}

  func fill(_ start: inout Cmdop_V1_StartSessionCommand) {
    (start.name, start.term, start.environment) = (name, term, environment)
    (start.arguments, start.directory, start.idleTtlSeconds) = (arguments, directory, idleSeconds)
    if !history.isEmpty { start.historyBytes = history }
    if let isRecorded { start.record = isRecorded }
  }
}
