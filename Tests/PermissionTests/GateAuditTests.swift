import Core
import Foundation
import Permission
import Testing

@testable import Tools

@Suite("audit.log tells of every change to it")
struct GateAuditTests {
  static func folder() throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/cmdop-gate-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    return path
  }

  static func entry(_ target: String, reason: String = "because") -> GateEntry {
    GateEntry(
      .allow, nil, tool: "execute_command", input: ["command": .string(target)], mode: .default, user: "anna",
      hostname: "box", target: target)
  }

  @Test("Lines follow from each other, over files and restarts, and can be read again")
  func chain() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for round in 0..<3 {
      let audit = try GateAudit(folder: folder, limit: 3000, now: { 1_700_000_000_000 })
      for number in 0..<5 { try await audit.write(Self.entry("ls \(round) \(number)")) }
    }
    let finding = try GateAudit.verify(folder: folder)
    #expect(finding.isGood && finding.lines > 15, "\(finding)")
    let entries = try GateAudit.entries(folder: folder, limit: 3)
    #expect(entries.map(\.target) == ["ls 2 2", "ls 2 3", "ls 2 4"])
    #expect(entries[0].at == 1_700_000_000_000 && entries[0].user == "anna")
    let facts = try FileManager.default.attributesOfItem(atPath: folder + "/audit.log")
    #expect(facts[.posixPermissions] as? Int == 0o600)
    #expect(FileManager.default.fileExists(atPath: folder + "/audit.log.1"))
  }

  @Test(
    "While lines are written, looking through the log finds nothing wrong; audit.head is made again when it is taken away"
  )
  func live() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, limit: 200_000, now: { 1_700_000_000_000 })
    try await audit.write(Self.entry("ls"))
    try await withThrowingTaskGroup { group in
      group.addTask { for number in 0..<2000 { try await audit.write(Self.entry("ls \(number)")) } }
      for _ in 0..<20 {
        let finding = try GateAudit.verify(folder: folder)
        #expect(finding.isGood, "\(finding)")
      }
      try await group.waitForAll()
    }
    try FileManager.default.removeItem(atPath: folder + "/audit.head")
    try await audit.write(Self.entry("ls again"))
    #expect(try GateAudit.verify(folder: folder).isGood)
  }

  @Test("An act is not in the log when it was refused because audit.head could not be written")
  func headFails() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, now: { 1_700_000_000_000 })
    try await audit.write(Self.entry("ls 1"))
    // Somebody took it away, and something else is there now.
    let head = folder + "/audit.head"
    try FileManager.default.removeItem(atPath: head)
    try FileManager.default.createDirectory(atPath: head, withIntermediateDirectories: false)
    await #expect(throws: CmdopError.self) { try await audit.write(Self.entry("ls 2")) }
    try FileManager.default.removeItem(atPath: head)
    try await audit.write(Self.entry("ls 3"))
    #expect(try GateAudit.entries(folder: folder).map(\.target) == ["ls 1", "ls 3"])
    #expect(try GateAudit.verify(folder: folder).isGood)
  }

  @Test("Five files are kept, and the dropping of the sixth is no fault")
  func rotation() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, limit: 1000, now: { 1_700_000_000_000 })
    for number in 0..<60 { try await audit.write(Self.entry("ls \(number)")) }
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(names == ["audit.head", "audit.log", "audit.log.1", "audit.log.2", "audit.log.3", "audit.log.4"])
    #expect(try GateAudit.verify(folder: folder).isGood)
  }

  @Test("A thousand changes and cuts, and each is found")
  func changes() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, limit: 4000, now: { 1_700_000_000_000 })
    for number in 0..<30 { try await audit.write(Self.entry("ls \(number)")) }
    let names = ["audit.log", "audit.log.1", "audit.log.2"]
    let good = names.map { FileManager.default.contents(atPath: folder + "/" + $0) ?? Data() }
    #expect(good.allSatisfy { !$0.isEmpty })
    let seed = UInt64.random(in: 0 ... .max)
    var dice = Dice(seed)
    var missed: [String] = []
    for _ in 0..<1000 {
      let file = dice.roll(names.count)
      var bytes = [UInt8](good[file])
      let at = dice.roll(bytes.count)
      let what = dice.roll(6)
      switch what {
      case 0: bytes[at] ^= UInt8(1 << dice.roll(8))
      case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + dice.roll(300)))
      case 2: bytes.insert(UInt8(dice.roll(256)), at: at)
      case 3: bytes = Array(bytes.prefix(at))
      case 4: bytes = Array(bytes.dropFirst(at + 1))
      default:
        var lines = bytes.split(separator: 0x0a).map(Array.init)
        let one = dice.roll(lines.count)
        switch dice.roll(3) {
        case 0: lines.remove(at: one)
        case 1: lines.insert(lines[one], at: dice.roll(lines.count))
        default:
          if lines.count > 1 { lines.swapAt(one, (one + 1) % lines.count) } else { lines.removeAll() }
        }
        bytes = lines.flatMap { $0 + [0x0a] }
      }
      if bytes == [UInt8](good[file]) { continue }
      try Data(bytes).write(to: URL(filePath: folder + "/" + names[file]))
      if try GateAudit.verify(folder: folder).isGood { missed.append("\(names[file]) \(what) at \(at)") }
      try good[file].write(to: URL(filePath: folder + "/" + names[file]))
    }
    #expect(missed.isEmpty, "seed \(seed): \(missed)")
    #expect(try GateAudit.verify(folder: folder).isGood)
    for name in names {
      try FileManager.default.moveItem(atPath: folder + "/" + name, toPath: folder + "/away")
      #expect(try !GateAudit.verify(folder: folder).isGood, "\(name) is gone")
      try FileManager.default.moveItem(atPath: folder + "/away", toPath: folder + "/" + name)
    }
  }

  @Test("A log that was cut short says so for ever, and a cut line spoils no other")
  func gaps() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = folder + "/audit.log"
    do {
      let audit = try GateAudit(folder: folder, now: { 1_700_000_000_000 })
      for number in 0..<6 { try await audit.write(Self.entry("ls \(number)")) }
    }
    let good = FileManager.default.contents(atPath: path) ?? Data()
    let lines = good.split(separator: 0x0a)
    try (Data(lines[..<4].joined(separator: [0x0a])) + [0x0a]).write(to: URL(filePath: path))
    try await GateAudit(folder: folder, now: { 1_700_000_000_000 }).write(Self.entry("after"))
    let finding = try GateAudit.verify(folder: folder)
    #expect(finding.faults.contains { $0.contains("5-7 were gone") }, "\(finding)")
    // The last line is cut in two: the next one stands for itself.
    try good.dropLast(20).write(to: URL(filePath: path))
    try await GateAudit(folder: folder, now: { 1_700_000_000_000 }).write(Self.entry("next"))
    #expect(try GateAudit.entries(folder: folder).last?.target == "next")
    #expect(try !GateAudit.verify(folder: folder).isGood)
    try FileManager.default.removeItem(atPath: path)
    try await GateAudit(folder: folder, now: { 1_700_000_000_000 }).write(Self.entry("new"))
    #expect(try GateAudit.verify(folder: folder).faults.contains { $0.contains("were gone") })
  }

  @Test("Who has answered is written down")
  func approver() async throws {
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, now: { 1_700_000_000_000 })
    for decision in [GateDecision.askAllowed, .askWithdrawn, .askNobody] {
      try await audit.write(
        GateEntry(
          decision, nil, tool: "x", input: [:], mode: .default, user: "anna", hostname: "box",
          approver: decision == .askAllowed ? "berta" : ""))
    }
    let entries = try GateAudit.entries(folder: folder)
    #expect(entries.map(\.decision) == [.askAllowed, .askWithdrawn, .askNobody])
    #expect(entries[0].approver == "berta" && entries[0].json["approver"] == "berta")
    #expect(entries[1].json["approver"] == nil)
  }

  @Test("What cannot be written down does not happen")
  func failure() async throws {
    #expect(throws: CmdopError.self) { try GateAudit(folder: "/nowhere/at/all", now: { 0 }) }
    let folder = try Self.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let audit = try GateAudit(folder: folder, now: { 0 })
    try FileManager.default.removeItem(atPath: folder)
    await #expect(throws: CmdopError.self) { try await audit.write(Self.entry("ls")) }
  }

  @Test(
    "Secrets are taken out, control characters cannot act",
    arguments: [
      ("curl -H 'Authorization: Bearer abcdef123456' x", "abcdef123456"), ("mysql --password=hunter2 db", "hunter2"),
      ("tool --token hunter2", "hunter2"),
      ("API_KEY=hunter2 tool", "hunter2"), ("git clone https://anna:hunter2@example.com/a", "hunter2"),
      ("x sk-ant-0123456789abcdef", "0123456789abcdef"),
      ("curl -u anna:hunter2 x", "hunter2"), ("x ghp_0123456789abcdef0123", "0123456789abcdef"),
      ("x\u{1b}[2Jy\u{202e}z\u{07}", "\u{1b}"),
    ])
  func redaction(_ target: String, _ secret: String) throws {
    let entry = Self.entry(target)
    #expect(!entry.target.contains(secret) && !entry.target.contains("\u{202e}"), "\(entry.target)")
  }

  @Test(
    "Ordinary targets stay as they are", arguments: ["git commit -m 'fix tokenizer'", "ls -la /tmp", "~/a b/c.txt"])
  func plain(_ target: String) { #expect(Self.entry(target).target == target) }
}

/// Numbers that a seed brings back.
struct Dice {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed | 1 }
  mutating func roll(_ below: Int) -> Int {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return Int(state >> 33) % max(1, below)
  }
}
