import Foundation

/// The processes of this system, as /proc tells.
enum ProcessTable {
  struct Entry {
    let pid: Int32
    let words: [String]
    var line: String { words.joined(separator: " ") }
  }

  /// False on systems without /proc.
  static let isComplete = FileManager.default.fileExists(atPath: "/proc/self/environ")

  static var pids: [Int32] {
    ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap { Int32($0) }
  }

  /// Those whose command line contains `text`; cmdop's own processes, which quote it, left out.
  /// The keepers of a home.
  static func keepers(of home: String) -> [Int32] {
    pids.filter { pid in
      guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
      let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
      return words.count == 4 && words[1] == "terminal-keeper" && words[3] == home + "/keeper.pid"
    }
  }

  static func running(_ text: String) -> [Entry] {
    pids.compactMap { pid in
      guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return nil }
      let entry = Entry(pid: pid, words: data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) })
      let isOurs = entry.words.first.map { $0.hasSuffix("/cmdop") } ?? true
      return !isOurs && entry.line.contains(text) ? entry : nil
    }
  }

  /// Those that have this text in their environment.
  static func living(in home: String) -> [Int32] {
    let needle = Data(home.utf8)
    return pids.filter { pid in
      pid != getpid() && FileManager.default.contents(atPath: "/proc/\(pid)/environ")?.range(of: needle) != nil
    }
  }

  /// R, S, T, …; nil when it has ended, though its parent may not have noticed yet.
  static func state(_ pid: Int32) -> Character? { field("State:", of: pid)?.first.flatMap { $0 == "Z" ? nil : $0 } }

  /// Memory in use now, in KiB.
  static func residentKiB(_ pid: Int32) -> Int { field("VmRSS:", of: pid).flatMap { Int($0) } ?? 0 }
  /// The most it ever used, in KiB.
  static func peakKiB(_ pid: Int32) -> Int { field("VmHWM:", of: pid).flatMap { Int($0) } ?? 0 }

  /// Bytes that it has written so far.
  static func bytesWritten(_ pid: Int32) -> Int? {
    let text = try? String(contentsOfFile: "/proc/\(pid)/io", encoding: .utf8)
    let line = text?.split(separator: "\n").first { $0.hasPrefix("wchar:") }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }

  /// Inodes of the sockets that it holds open.
  static func sockets(of pid: Int32) -> Set<String> {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
    return Set(
      names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\($0)") }
        .filter { $0.hasPrefix("socket:[") })
  }

  /// Inodes of all TCP sockets that listen.
  static func listening() throws -> Set<String> {
    var all: Set<String> = []
    for table in ["tcp", "tcp6"] where FileManager.default.fileExists(atPath: "/proc/net/\(table)") {
      let lines = try String(contentsOfFile: "/proc/net/\(table)", encoding: .utf8).split(separator: "\n").dropFirst()
      let fields = lines.map { $0.split(separator: " ") }
      all.formUnion(fields.filter { $0.count > 9 && $0[3] == "0A" }.map { "socket:[\($0[9])]" })
    }
    return all
  }

  private static func field(_ name: String, of pid: Int32) -> String? {
    let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.map { String($0) }
  }
}

extension ProcessTable {
  static func children(of parent: Int32) -> [Int32] {
    pids.filter { pid in
      let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
      return status.contains("\nPPid:\t\(parent)\n")
    }
  }
}
