import Foundation
import Testing

extension Street {
  /// Ends every process that lives in one of our homes, by its id, and removes the homes. On a thread of its own: a
  /// test that was cancelled because its time was up is tidied up just as well.
  func end(companions: [Running]) async {
    let root = root
    await withCheckedContinuation { done in
      Thread.detachNewThread {
        for process in companions { process.dismiss() }
        Self.endAll(in: root)
        try? FileManager.default.removeItem(atPath: root)
        done.resume()
      }
    }
  }

  private static func endAll(in root: String) {
    // Agents and relays leave in an orderly manner, which is part of what is tested; what then remains is killed.
    for (signal, patience) in [(SIGTERM, 8000), (SIGKILL, 3000)] {
      let pids = ProcessTable.isComplete ? ProcessTable.living(in: root + "/") : named(in: root)
      for pid in pids { kill(pid, signal) }
      let deadline = ContinuousClock.now + .milliseconds(patience)
      while pids.contains(where: { ProcessTable.state($0) != nil }), ContinuousClock.now < deadline {
        poll(nil, 0, 20)
      }
    }
  }

  /// Those of the pid files, where the system does not tell who lives in a home.
  private static func named(in root: String) -> [Int32] {
    let homes = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return homes.flatMap { ["\($0)/cmdop.pid", "\($0)/relay/relay.pid"] }.compactMap {
      let text = try? String(contentsOfFile: "\(root)/\($0)", encoding: .utf8)
      return text.flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
    }
  }

  /// What a runtime says when a program is wrong, whatever the test was about.
  func lookForFaults() {
    for log in logs {
      let lines = Self.tail(log).split(separator: "\n")
      for line in lines where ["MISUSE", "Fatal error", "Program crashed"].contains(where: line.contains) {
        Issue.record("\(log): \(line)")
      }
    }
  }

  private var logs: [String] {
    let homes = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    let agents = homes.sorted().flatMap { home in ["agent.log", "agent.stderr"].map { "\(root)/\(home)/logs/\($0)" } }
    return ([relayLog] + agents).filter { FileManager.default.fileExists(atPath: $0) }
  }

  /// All logs of this street, in one piece so that those of parallel tests do not mix.
  func showLogs() {
    let parts = logs.map { "--- \($0)\n\(Self.tail($0))" }
    print("\n=== logs of \(root) (\(Test.current?.displayName ?? ""))\n" + parts.joined(separator: "\n") + "\n===")
  }

  static func tail(_ path: String) -> Substring {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "(none)").suffix(12_000)
  }
}

extension Trait where Self == IssueHandlingTrait {
  /// Remembers that something was found, so that the street shows its logs when it ends.
  static var showsLogs: Self {
    compactMapIssues { issue in
      Street.current?.hasTrouble.set(true)
      return issue
    }
  }
}
