/// A machine's vital signs. nil: the system does not tell.
public struct MachineVitals: Hashable, Sendable {
  /// Share of all processors in use since the last reading, 0 to 100.
  public var cpuPercent: Double?
  public var memoryUsedBytes: UInt64?
  public var memoryTotalBytes: UInt64?
  public var diskUsedBytes: UInt64?
  public var diskTotalBytes: UInt64?
  public var load1m: Double?
  public var uptimeSeconds: UInt64?
  /// 0 to 100.
  public var batteryPercent: Double?

  public init() {}
}
