import Testing

/// The habits of CONTRIBUTING.md that a machine can see.
@Suite("The code keeps the house's habits")
struct HabitTests {
  @Test("No type has the name of a room")
  func roomNamesStayFree() {
    let words: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]
    for file in SourceFile.written where file.room != "cmdop" {
      for (index, line) in file.code.enumerated() {
        let parts = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map { String($0) }
        for (word, name) in zip(parts, parts.dropFirst())
        where words.contains(word) && FloorPlan.names.contains(name) {
          Issue.record("\(file.path):\(index + 1): a type named as the room \(name)")
        }
      }
    }
  }

  @Test("No file has more than 400 lines")
  func filesStaySmall() {
    for file in SourceFile.written + SourceFile.tests where file.lines.count > 400 {
      Issue.record("\(file.path):\(file.lines.count): 400 lines is the end of a file; cut it by aspect")
    }
  }

  @Test(
    "Only cmdop reads the environment, prints or exits",
    arguments: [
      "getenv(", "setenv(", "ProcessInfo", "CommandLine", "print(", "debugPrint(", "puts(", "exit(", "_exit(",
    ])
  func frontDoorOnly(_ word: String) {
    report(word, in: SourceFile.written.filter { $0.room != "cmdop" }, because: "only cmdop does that")
  }

  @Test("Only Host knows which operating system it is", arguments: ["#if os(", "#if canImport(", "#if arch("])
  func oneHost(_ word: String) {
    report(word, in: SourceFile.written.filter { $0.room != "Host" }, because: "ask Host for it")
  }

  @Test("Nothing crashes on what comes from outside", arguments: ["try!", "fatalError(", "as!"])
  func noCrash(_ word: String) {
    report(word, in: SourceFile.written, because: "throw a CmdopError")
  }

  @Test("Every task has a parent", arguments: ["Task {", "Task{", "Task(", "Task.detached", "Task.immediate"])
  func noOrphans(_ word: String) {
    report(word, in: SourceFile.written, because: "use a task group or a Nursery")
  }

  @Test("Nobody blocks a thread to wait", arguments: ["Thread.sleep", "usleep(", "sleep(", "DispatchSemaphore"])
  func noBlocking(_ word: String) {
    report(word, in: SourceFile.written + SourceFile.tests, because: "wait for a condition with a deadline")
  }

  @Test("Long work lets the loop look at its sockets, which a yield does not", arguments: ["Task.yield("])
  func noYields(_ word: String) {
    report(word, in: SourceFile.written, because: "use Loop.breathe")
  }

  private func report(_ word: String, in files: [SourceFile], because reason: String) {
    for place in files.flatMap({ $0.places(of: word) }) { Issue.record("\(place) – \(reason)") }
  }
}
