import Core
import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// When the connection was lost: as long as the keeper's socket takes connections it lives, and so do its terminals.
extension TerminalKeeper {
  func lost() {
    link = nil
    if !isDialling { recover() }
  }

  /// As long as the keeper's socket takes connections it lives, and so do its terminals: asks it again what it keeps.
  private func recover() {
    terminals = terminals.filter { $0.value.terminal != nil }
    guard !terminals.isEmpty || !unwanted.isEmpty else { return orphan(but: []) }
    isDialling = true
    do {
      guard let fresh = try KeeperLink.open(socket) else { return orphan(but: []) }
      recover(by: fresh)
    } catch { recoverLater() }
  }

  /// One that is overloaded needs time, not questions.
  private func recoverLater() {
    Loop.eventLoop.scheduleTask(in: .milliseconds(100)) { [weak self] in Loop.assumeIsolated { self?.recover() } }
  }

  private func recover(by fresh: KeeperLink) {
    use(fresh)
    fresh.whenLost = { [weak self] in
      self?.link = nil
      self?.recoverLater()
    }
    fresh.ask(.hello, KeeperWriter.hello) { _ in }
    fresh.ask(.list) { [weak self] answer in
      guard let self, case .frames(let all) = answer else { return }
      guard all.last?.frame.kind == KeeperFrame.Kind.listEnd.rawValue else { return fresh.end() }
      fresh.whenLost = { [weak self] in self?.lost() }
      isDialling = false
      dialled.wake()
      compare(all)
    }
  }

  private func compare(_ all: [KeeperLink.Received]) {
    var known: Set<SessionID> = []
    for received in all {
      if received.descriptor >= 0 { close(received.descriptor) }
      guard let entry = KeptEntry(received) else { continue }
      known.insert(entry.id)
      if let end = entry.end { terminals[entry.id]?.terminal?.ended(end) }
      guard unwanted.contains(entry.id) else { continue }
      if entry.end == nil { send(SIGKILL, to: entry.id, foreground: false) } else { forget(entry.id) }
    }
    orphan(but: known)
  }

  /// Nobody will see how they end.
  private func orphan(but known: Set<SessionID>) {
    unwanted.formIntersection(known)
    isDialling = false
    dialled.wake()
    for (id, orphan) in terminals where !known.contains(id) {
      terminals[id] = nil
      orphan.terminal?.ended(.unknown)
    }
  }
}
