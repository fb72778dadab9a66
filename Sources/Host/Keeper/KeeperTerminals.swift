import CHost
import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The terminals that the keeper keeps, and what may be asked about them. It never reads one: while no daemon does, the
/// kernel's buffer fills and the program waits.
struct KeeperTerminals {
  private struct Kept {
    let id: [UInt8]
    let pid: pid_t
    let master: CInt
    let started: Int64
    var note: [UInt8]
    var end: ProgramEnd?
  }
  private var kept: [Kept] = []

  var isEmpty: Bool { kept.isEmpty }
  var count: Int { kept.count }

  /// What is to be said of the children that have ended since.
  mutating func reap() -> [KeeperReply] {
    var news: [KeeperReply] = []
    var (code, number) = (CInt(0), CInt(0))
    while case let pid = chost_reap(&code, &number), pid > 0 {
      guard let index = kept.firstIndex(where: { $0.pid == pid && $0.end == nil }) else { continue }
      let end: ProgramEnd = code >= 0 ? .exited(code: code) : .signalled(number: number)
      kept[index].end = end
      news.append(
        KeeperReply(.ended, tag: 0) {
          $0.add(kept[index].id)
          $0.add(end)
        })
    }
    return news
  }

  mutating func answer(_ frame: KeeperFrame) -> [KeeperReply] {
    var body = KeeperReader(frame.body)
    let tag = frame.tag
    switch KeeperFrame.Kind(rawValue: frame.kind) {
    case .spawn: return [spawn(&body, tag)]
    case .list: return kept.map { Self.entry($0, tag) } + [KeeperReply(.listEnd, tag: tag)]
    case .signal: return [.done(tag, signal(&body))]
    case .forget: return [.done(tag, forget(&body))]
    case .setNote: return [.done(tag, setNote(&body))]
    default: return [.done(tag, ENOSYS)]
    }
  }

  private func index(_ body: inout KeeperReader) -> Int? {
    guard let id = body.data() else { return nil }
    return kept.firstIndex { $0.id == id }
  }

  private mutating func spawn(_ body: inout KeeperReader, _ tag: UInt32) -> KeeperReply {
    guard let id = body.data(), let rows = body.uint16(), let columns = body.uint16(), let path = body.text(),
      let words = body.texts(), let variables = body.texts(), let directory = body.text(), let note = body.data(),
      !id.isEmpty, id.count <= 64, note.count <= KeeperFrame.noteLimit
    else { return .done(tag, EINVAL) }
    guard !kept.contains(where: { $0.id == id }) else { return .done(tag, EEXIST) }
    var (master, pid) = (CInt(-1), pid_t(0))
    let failure = withCStrings(words) { words in
      withCStrings(variables) { chost_spawn_pty(path, words, $0, directory, rows, columns, &master, &pid) }
    }
    guard failure == 0 else { return .done(tag, failure) }
    kept.append(Kept(id: id, pid: pid, master: master, started: wallClock(), note: note))
    return KeeperReply(.spawned, tag: tag, descriptor: master) { $0.add(pid) }
  }

  private static func entry(_ terminal: Kept, _ tag: UInt32) -> KeeperReply {
    KeeperReply(.kept, tag: tag, descriptor: terminal.master) {
      $0.add(terminal.id)
      $0.add(terminal.pid)
      $0.add(terminal.started)
      $0.add(terminal.note)
      $0.add(terminal.end)
    }
  }

  /// Only here is it certain that the process has not been reaped, and its number given to another.
  private func signal(_ body: inout KeeperReader) -> CInt {
    guard let index = index(&body), let number = body.int32(), let isForeground = body.uint8() else { return ESRCH }
    if isForeground != 0 { return chost_signal_foreground(kept[index].master, number) }
    guard kept[index].end == nil else { return ESRCH }
    return kill(-kept[index].pid, number) == 0 ? 0 : errno
  }

  private mutating func forget(_ body: inout KeeperReader) -> CInt {
    guard let index = index(&body) else { return ESRCH }
    guard kept[index].end != nil else { return EBUSY }
    close(kept.remove(at: index).master)
    return 0
  }

  private mutating func setNote(_ body: inout KeeperReader) -> CInt {
    guard let index = index(&body), let note = body.data() else { return ESRCH }
    guard note.count <= KeeperFrame.noteLimit else { return E2BIG }
    kept[index].note = note
    return 0
  }
}
