public import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Reads how the machine is doing. Keeps the last processor counters, since use is a difference.
@Loop
public final class VitalsReader: Sendable {
  private var lastBusy: UInt64 = 0
  private var lastTotal: UInt64 = 0

  public init() {}

  /// `home`: a path on the file system that matters to the user.
  public func read(home: String) -> MachineVitals {
    var vitals = MachineVitals()
    var disk = statvfs()
    if statvfs(home, &disk) == 0 {
      let block = UInt64(disk.f_frsize)
      // As df counts: what only the system may still use is not free, so a disk on which nobody can write is full.
      let used = UInt64(disk.f_blocks &- min(disk.f_blocks, disk.f_bfree))
      vitals.diskTotalBytes = (used + UInt64(disk.f_bavail)) * block
      vitals.diskUsedBytes = used * block
    }
    var load = [0.0, 0.0, 0.0]
    if getloadavg(&load, 3) > 0 { vitals.load1m = load[0] }
    #if os(Linux)
      readProc(&vitals)
    #endif
    return vitals
  }

  #if os(Linux)
    private func readProc(_ vitals: inout MachineVitals) {
      if let line = Self.lines("/proc/stat").first {
        // user nice system idle iowait irq softirq steal (proc(5)); guest time is in user already.
        let counters = line.split(separator: " ").dropFirst().prefix(8).compactMap { UInt64($0) }
        if counters.count == 8 {
          let total = counters.reduce(0, &+)
          let busy = total &- counters[3] &- counters[4]
          if lastTotal > 0, total > lastTotal {
            vitals.cpuPercent = min(100, 100 * Double(busy &- lastBusy) / Double(total - lastTotal))
          }
          (lastBusy, lastTotal) = (busy, total)
        }
      }
      var memory: [Substring: UInt64] = [:]
      for line in Self.lines("/proc/meminfo") {
        let words = line.split(separator: " ")
        if words.count >= 2, let kibibytes = UInt64(words[1]) { memory[words[0]] = kibibytes * 1024 }
      }
      if let total = memory["MemTotal:"], let free = memory["MemAvailable:"] {
        vitals.memoryTotalBytes = total
        vitals.memoryUsedBytes = total - min(free, total)
      }
      if let seconds = Self.lines("/proc/uptime").first?.split(separator: " ").first.flatMap({ Double($0) }) {
        vitals.uptimeSeconds = UInt64(seconds)
      }
      for battery in ["BAT0", "BAT1"] {
        if let charge = Self.lines("/sys/class/power_supply/\(battery)/capacity").first.flatMap({ Double($0) }) {
          vitals.batteryPercent = charge
          break
        }
      }
    }

    /// Lines of a file that the kernel makes up: short, and never blocking.
    private static func lines(_ path: String) -> [Substring] {
      ((try? PrivateFiles.read(path, limit: 64 * 1024)) ?? nil).map {
        String(decoding: $0, as: UTF8.self).split(separator: "\n")
      } ?? []
    }
  #endif
}
