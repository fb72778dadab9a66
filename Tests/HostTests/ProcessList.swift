import Foundation

/// Whether a process runs. One that has ended and was not looked after yet does not.
func runs(_ id: Int32) -> Bool { !["", "Z", "X"].contains(state(of: id)) }

/// As proc(5) has it: "R" runs, "S" waits; empty when there is no such process.
func state(of id: Int32) -> String {
  let line = contents("/proc/\(id)/stat").map { String(decoding: $0, as: UTF8.self) } ?? ""
  return line.split(separator: ")").last?.split(separator: " ").first.map(String.init) ?? ""
}

/// What /proc says of other processes.
enum ProcessList {
  /// Those that have a folder in their environment or on their command line, ourselves excepted.
  static func living(in folder: String) -> [Int32] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return all.compactMap { Int32($0) }.filter { id in
      guard id != getpid(), runs(id) else { return false }
      return ["environ", "cmdline"].contains { file in
        FileManager.default.contents(atPath: "/proc/\(id)/\(file)")?.range(of: Data(folder.utf8)) != nil
      }
    }
  }

  /// The program's name: "sleep".
  static func name(of id: Int32) -> String {
    String(decoding: contents("/proc/\(id)/comm") ?? [], as: UTF8.self).trimmingCharacters(in: .newlines)
  }

  /// How many it has open.
  static func descriptors(of id: Int32) -> Int {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd")) ?? []).count
  }

  /// The most memory it ever used, in KiB.
  static func peak(of id: Int32) -> Int {
    let status = String(decoding: contents("/proc/\(id)/status") ?? [], as: UTF8.self)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
  }
}
