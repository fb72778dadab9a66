public import Core
import Host

/// What looking through the log has found.
public struct AuditFinding: Hashable, Sendable {
  /// How many lines were good.
  public var lines: Int
  /// What is wrong, and where: "audit.log line 12 was changed". Empty: nothing.
  public var faults: [String]
  public var isGood: Bool { faults.isEmpty }
}

extension GateAudit {
  /// Looks whether every line follows from the one before it, from the oldest that is there to the one that `audit.head` names.
  public static func verify(folder: String) throws(CmdopError) -> AuditFinding {
    // A daemon may be writing: the heads before and after say from where to where the log may end. Files that were moved while
    // they were read are read again.
    for _ in 0..<10 {
      let (before, moved) = (try readHead(folder), FileStamp(path(folder))?.identity)
      let finding = try look(folder, from: before)
      if moved == FileStamp(path(folder))?.identity { return finding }
    }
    throw CmdopError(.unavailable, "the audit log is moved on faster than it can be read", hint: "try again")
  }

  private static func look(_ folder: String, from before: (number: Int, hash: String)?) throws(CmdopError)
    -> AuditFinding
  {
    var finding = AuditFinding(lines: 0, faults: [])
    var (last, isPassed): (AuditLine?, Bool) = (nil, false)
    let present = (0..<files).reversed().filter { PrivateFiles.size(path(folder, $0)) != nil }
    for number in present {
      let name = number == 0 ? "audit.log" : "audit.log.\(number)"
      guard let bytes = try PrivateFiles.read(path(folder, number), limit: longest * 2) else { continue }
      if bytes.isEmpty { continue }
      if bytes.last != 0x0a { finding.faults.append("\(name): the last line is cut") }
      var index = 0
      for line in bytes.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast() {
        index += 1
        guard let known = AuditLine(line) else {
          finding.faults.append("\(name) line \(index) was changed")
          if finding.faults.count >= 20 { return finding }
          last = nil
          continue
        }
        if let fault = fault(
          known, after: last, isFirstOfFile: index == 1, isOldest: number == present.first, present.count)
        {
          finding.faults.append("\(name) line \(index): \(fault)")
        }
        if finding.faults.count >= 20 { return finding }
        if let gap = known.json["gap"]?.string {
          finding.faults.append("\(name) line \(index): the lines \(OneLine.of(gap)) were gone when the daemon started")
        }
        finding.lines += 1
        if let before, known.number == before.number, known.hash == before.hash { isPassed = true }
        last = known
      }
    }
    try checkEnd(folder, last, isPassed, &finding)
    return finding
  }

  private static func fault(
    _ line: AuditLine, after last: AuditLine?, isFirstOfFile: Bool, isOldest: Bool, _ count: Int
  ) -> String? {
    if isFirstOfFile, !line.isBegin { return "the lines before it are gone" }
    guard let last else {
      if line.number == 1 { return line.previous == start ? nil : "it is not the beginning" }
      // The oldest files are dropped, when there are as many as are kept.
      if isFirstOfFile, isOldest { return count == files ? nil : "older files are gone" }
      return nil
    }
    if line.number != last.number + 1 { return "number \(last.number + 1) is missing, there is \(line.number)" }
    return line.previous == last.hash ? nil : "it does not follow from the line before it"
  }

  /// `isPassed`: the line that the head named before the log was read is in it.
  private static func checkEnd(
    _ folder: String, _ last: AuditLine?, _ isPassed: Bool, _ finding: inout AuditFinding
  ) throws(CmdopError) {
    guard let head = try readHead(folder) else {
      if last != nil { finding.faults.append("audit.head is missing or damaged") }
      return
    }
    guard let last else {
      if finding.faults.isEmpty { finding.faults.append("the log is gone; it had \(head.number) lines") }
      return
    }
    // After a crash the head may be one line behind; while somebody writes it may be ahead of what was read.
    let isEnd =
      last.number == head.number && last.hash == head.hash
      || last.number == head.number + 1 && last.previous == head.hash
      || last.number < head.number && isPassed
    if !isEnd { finding.faults.append("the log ends at \(last.number), audit.head says \(head.number)") }
  }

  /// The entries that fit, oldest first; the last `limit` of them.
  public static func entries(
    folder: String, limit: Int = .max, where fits: (GateEntry) -> Bool = { _ in true }
  ) throws(CmdopError) -> [GateEntry] {
    var found: [GateEntry] = []
    for number in 0..<files {
      guard let bytes = try PrivateFiles.read(path(folder, number), limit: longest * 2) else { continue }
      for line in bytes.split(separator: 0x0a).reversed() {
        guard let json = try? JSON(parsing: line), let entry = GateEntry(json), fits(entry) else { continue }
        found.append(entry)
        if found.count >= limit { return found.reversed() }
      }
    }
    return found.reversed()
  }
}
