import Core
import Host
import Synchronization
import Testing

@Suite("A file is changed by one at a time", .timeLimit(.minutes(1)))
struct FileLockTests {
  @Test("However many want it at once, all get their turn and nobody is there with another")
  func turns() async throws {
    try await withFolder { folder in
      let (inside, turns) = (Counter(), Counter())
      try await withThrowingTaskGroup { group in
        for _ in 0..<20 {
          group.addTask {
            try await FileLock.hold(folder + "/lock", what: "the file") { () throws(CmdopError) in
              #expect(inside.value.add(1, ordering: .sequentiallyConsistent).newValue == 1)
              await Task.yield()
              inside.value.subtract(1, ordering: .sequentiallyConsistent)
              turns.value.add(1, ordering: .relaxed)
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(turns.value.load(ordering: .relaxed) == 20)
    }
  }

  @Test("Who waits too long is told who is in the way; a failure inside passes and leaves the lock free")
  func refusals() async throws {
    try await withFolder { folder in
      let path = folder + "/lock"
      try await FileLock.hold(path, what: "the file") { () throws(CmdopError) in
        do throws(CmdopError) {
          try await FileLock.hold(path, what: "the file", patience: .milliseconds(30)) {}
          Issue.record("two at once")
        } catch { #expect(error.code == .timeout && error.message.contains("the file")) }
      }
      let inner = CmdopError(.internalError, "inside")
      await #expect(throws: inner) {
        try await FileLock.hold(path, what: "the file") { () throws(CmdopError) in throw inner }
      }
      try await FileLock.hold(path, what: "the file", patience: .zero) {}
      await #expect(throws: CmdopError.self) { try await FileLock.hold("/nowhere/lock", what: "the file") {} }
    }
  }

  private final class Counter: Sendable { let value = Atomic(0) }
}

@Suite("A line that is typed unseen")
struct SecretLineTests {
  private func outcome(_ typed: String) -> SecretLine.Outcome? {
    var line = SecretLine()
    return line.take(Array(typed.utf8))
  }

  @Test("Enter ends it; backspace and Ctrl-U take back whole characters; other controls count for nothing")
  func line() {
    #expect(outcome("pass") == nil)
    #expect(outcome("pass wörd\r") == .line("pass wörd"))
    #expect(outcome("aä\u{7f}b\u{8}\u{8}\u{8}\u{8}c\n") == .line("c"))
    #expect(outcome("wrong\u{15}right\rmore\r") == .line("right"))
    #expect(outcome("a\u{1b}\u{1}b\n") == .line("ab"))
    #expect(outcome("\n") == .line(""))
  }

  @Test("Ctrl-C gives up, Ctrl-D only on an empty line")
  func giveUp() {
    #expect(outcome("abc\u{3}") == .cancelled)
    #expect(outcome("\u{4}") == .cancelled)
    #expect(outcome("abc\u{4}") == .line("abc"))
  }
}
