import Core
import Foundation
import Host
import Testing

@Suite("A log that does not grow without end")
struct RotatingLogTests {
  private func line(_ number: Int) -> [UInt8] { Array("line \(1000 + number)\n".utf8) }

  private func text(_ path: String) -> String { contents(path).map { String(decoding: $0, as: UTF8.self) } ?? "" }

  @Test("At its limit it becomes .1, the older ones move on, the oldest goes; no line is cut, none stands twice")
  func rotation() async throws {
    try await withFolder { folder in
      let path = folder + "/log"
      let log = try RotatingLog(path: path, limit: 50, files: 3)
      for number in 0..<23 { log.append(line(number)) }
      // Five lines of ten bytes fit: 20 to 22, before that 15 to 19 and 10 to 14.
      #expect(text(path) == (20..<23).map { String(decoding: line($0), as: UTF8.self) }.joined())
      #expect(text(path + ".1") == (15..<20).map { String(decoding: line($0), as: UTF8.self) }.joined())
      #expect(text(path + ".2") == (10..<15).map { String(decoding: line($0), as: UTF8.self) }.joined())
      #expect(Set(PrivateFiles.names(in: folder)) == ["log", "log.1", "log.2"])
      for name in PrivateFiles.names(in: folder) { #expect(mode(of: "\(folder)/\(name)") == 0o600) }
    }
  }

  @Test("One that is opened again goes on where it was, and counts what is there already")
  func reopened() async throws {
    try await withFolder { folder in
      let path = folder + "/log"
      for number in 0..<7 { try RotatingLog(path: path, limit: 50).append(line(number)) }
      #expect(text(path + ".1") == (0..<5).map { String(decoding: line($0), as: UTF8.self) }.joined())
      #expect(text(path) == "line 1005\nline 1006\n")
    }
  }

  @Test("A line longer than the limit is kept whole in a file of its own")
  func longLine() async throws {
    try await withFolder { folder in
      let log = try RotatingLog(path: folder + "/log", limit: 20)
      let long = [UInt8](repeating: 0x78, count: 99) + [10]
      log.append(line(1))
      log.append(long)
      log.append(line(2))
      #expect(contents(folder + "/log.2") == line(1))
      #expect(contents(folder + "/log.1") == long)
      #expect(contents(folder + "/log") == line(2))
    }
  }

  @Test("From many tasks at once every line is there, whole")
  func concurrent() async throws {
    try await withFolder { folder in
      let log = try RotatingLog(path: folder + "/log", limit: 3000, files: 5)
      await withTaskGroup { group in
        for task in 0..<8 { group.addTask { for number in 0..<100 { log.append(line(task * 100 + number)) } } }
      }
      let all = PrivateFiles.names(in: folder).map { text("\(folder)/\($0)") }.joined()
      let lines = all.split(separator: "\n").map(String.init)
      #expect(lines.allSatisfy { $0.count == 9 && $0.hasPrefix("line 1") })
      #expect(Set(lines).count == lines.count)
      #expect(lines.count == 800)
    }
  }

  @Test("A disk that gives nothing drops lines; it does not stop who logs")
  func fullDisk() throws {
    let log = try RotatingLog(path: "/dev/full", limit: 10_000_000)
    for number in 0..<10 { log.append(line(number)) }
  }

  @Test("A log that cannot be made is an error that names it")
  func cannot() async {
    let error = await refusal { try RotatingLog(path: "/nowhere/log") }
    #expect(error?.code == .notFound && error?.message.contains("/nowhere/log") == true)
  }
}
