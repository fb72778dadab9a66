public import Core
import Crypto
import Host
import Synchronization

/// audit.log: one JSON line for each decision of the gate, written before the act. Each line has the hash of the one before
/// it, so that none can be changed, taken out or put in without that being found; `audit.head` says where the log ends. Who
/// may write these files can forge all of it: it shows mistakes and clumsy hands, and what a copy elsewhere proves.
public final class GateAudit: Sendable {
  /// As the other logs: five files.
  static let longest = 10_000_000
  static let files = 5
  static let start = String(repeating: "0", count: 64)

  private struct State: ~Copyable {
    var log: AppendLog
    var number: Int
    var hash: String
    var head: WrittenOver
  }
  private let folder: String
  private let limit: Int
  private let now: @Sendable () -> Int64
  /// Locked over waits for the disk: only in the beginning, and where one may wait for it.
  private let state: Mutex<State>
  /// Where lines are written: a disk that hangs must not hold the threads that everybody runs on. One, as lines are a chain.
  private static let desk = SlowWork("lines for the audit log", threads: 1, most: 4096)

  /// `now`: milliseconds since 1970. Goes on where the log ends; throws if that cannot be read.
  public init(folder: String, limit: Int = 10_000_000, now: @escaping @Sendable () -> Int64) throws(CmdopError) {
    (self.folder, self.limit, self.now) = (folder, limit, now)
    let end = try Self.end(of: folder)
    var log = try AppendLog(Self.path(folder))
    try log.endLine()
    let before = try? Self.readHead(folder)
    state = Mutex(State(log: log, number: end.number, hash: end.hash, head: try WrittenOver(Self.head(folder))))
    if let head = before, head.number > end.number || end.isLost {
      try noteGap(end.isLost ? 0 : end.number, head.number)
    }
  }

  static func path(_ folder: String, _ number: Int = 0) -> String {
    number == 0 ? "\(folder)/audit.log" : "\(folder)/audit.log.\(number)"
  }
  static func head(_ folder: String) -> String { "\(folder)/audit.head" }

  /// Writes it down, before it happens. Throws when that fails: then it must not happen. Returns its number.
  @discardableResult
  public func write(_ entry: GateEntry) async throws(CmdopError) -> Int {
    try await Self.desk.attempt { () throws(CmdopError) in try self.writeNow(entry) }
  }

  /// The same for whoever may wait for the disk where it is.
  @discardableResult
  func writeNow(_ entry: GateEntry) throws(CmdopError) -> Int {
    do { return try append(entry) } catch {
      throw CmdopError(
        .denied, "the act was not done, because it could not be written down: \(error.message)", hint: error.hint)
    }
  }

  private func append(_ entry: GateEntry) throws(CmdopError) -> Int {
    let time = now()
    let outcome: Result<Int, CmdopError> = state.withLock { state in
      do throws(CmdopError) {
        if state.log.size > limit {
          try state.log.rotate(files: Self.files)
        }
        if state.log.size == 0 {
          try append(["ts": .string(GateText.timestamp(time)), "begin": .bool(true)], &state)
        }
        var entry = entry
        entry.at = time
        try append(entry.fields, &state)
        return .success(state.number)
      } catch { return .failure(error) }
    }
    return try outcome.get()
  }

  /// The log is shorter than audit.head says. That is written down before anything else: the numbers go on behind the gap.
  private func noteGap(_ last: Int, _ head: Int) throws(CmdopError) {
    let time = now()
    let outcome: Result<Void, CmdopError> = state.withLock { state in
      do throws(CmdopError) {
        state.number = head
        try append(
          [
            "ts": .string(GateText.timestamp(time)), "begin": .bool(state.log.size == 0),
            "gap": .string("\(last + 1)-\(head)"),
          ], &state)
        return .success(())
      } catch { return .failure(error) }
    }
    try outcome.get()
  }

  private func append(_ fields: [String: JSON], _ state: inout State) throws(CmdopError) {
    var fields = fields
    fields["seq"] = .integer(state.number + 1)
    fields["prev_hash"] = .string(state.hash)
    let body = JSON.object(fields).bytes
    let hash = Self.hash(body[...])
    let line = body.dropLast() + Array(",\"hash\":\"\(hash)\"}\n".utf8)
    try state.log.append(line)
    // Of one length always, so that it is written over as a whole.
    let number = String(state.number + 1)
    let digits = String(repeating: "0", count: max(0, 20 - number.count)) + number
    do { try state.head.write(Array("\(digits) \(hash)\n".utf8)) } catch {
      // What the log says was decided would be refused.
      state.log.takeBack(line.count)
      throw error
    }
    (state.number, state.hash) = (state.number + 1, hash)
  }

  static func hash(_ body: ArraySlice<UInt8>) -> String {
    GateText.hex(SHA256.hash(data: Array("cmdop-gate-v1\n".utf8) + body))
  }

  // MARK: where it ends

  /// `isLost`: there is no log, but there was one.
  private static func end(of folder: String) throws(CmdopError) -> (number: Int, hash: String, isLost: Bool) {
    for number in 0..<files {
      guard let bytes = try PrivateFiles.read(path(folder, number), limit: longest * 2) else { continue }
      // A line that is cut, or no line: the one before it counts. verify tells of it.
      for line in bytes.split(separator: 0x0a).reversed() {
        if let known = AuditLine(line) { return (known.number, known.hash, false) }
      }
    }
    // All files are gone, but there was something: the numbers go on, and the gap shows.
    guard let head = try readHead(folder) else { return (0, start, false) }
    return (head.number, head.hash, head.number > 0)
  }

  static func readHead(_ folder: String) throws(CmdopError) -> (number: Int, hash: String)? {
    guard let bytes = try PrivateFiles.read(head(folder), limit: 256) else { return nil }
    let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" })
    guard words.count == 2, let number = Int(words[0]), words[1].utf8.count == 64 else { return nil }
    return (number, String(words[1]))
  }
}

/// One line of the chain, as it was read.
struct AuditLine {
  let number: Int
  let previous: String
  let hash: String
  let json: JSON
  let isBegin: Bool

  /// nil: it is not what was written.
  init?(_ line: some Collection<UInt8>) {
    let bytes = Array(line)
    // …,"hash":"<64>"}
    let tail = 75
    guard bytes.count > tail, bytes[(bytes.count - tail)...].starts(with: Array(",\"hash\":\"".utf8)),
      bytes.suffix(2) == Array("\"}".utf8)[...]
    else { return nil }
    let hash = String(decoding: bytes[(bytes.count - 66)..<(bytes.count - 2)], as: UTF8.self)
    let body = bytes[..<(bytes.count - tail)] + [0x7d]
    guard GateAudit.hash(body) == hash, let json = try? JSON(parsing: body), let number = json["seq"]?.integer,
      let previous = json["prev_hash"]?.string
    else { return nil }
    (self.number, self.previous, self.hash, self.json) = (number, previous, hash, json)
    isBegin = json["begin"]?.bool == true
  }
}
