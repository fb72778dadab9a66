import Core
import Foundation
import Host
import Synchronization
import Testing

@Suite("At most one process per home", .timeLimit(.minutes(1)))
struct InstanceLockTests {
  @Test("A second holder is refused with exists and told who holds it; after the release it is free")
  func second() async throws {
    try await withFolder { folder in
      let path = folder + "/lock"
      #expect(InstanceLock.holder(of: path) == nil)
      let lock = try InstanceLock.acquire(path, what: "a daemon")
      #expect(InstanceLock.holder(of: path) == Processes.ownID)
      let error = await refusal { try InstanceLock.acquire(path, what: "a daemon") }
      #expect(error?.code == .exists)
      #expect(error?.message.contains("a daemon") == true && error?.message.contains("\(Processes.ownID)") == true)
      #expect(InstanceLock.holder(of: path) == Processes.ownID)
      lock.release()
      #expect(InstanceLock.holder(of: path) == nil)
      try InstanceLock.acquire(path, what: "a daemon").release()
    }
  }

  @Test("The lock ends with the process that holds it, however that ends; what stands in the file does not count")
  func death() async throws {
    try await KeeperHome.run { home in
      let keeper = try await home.serve()
      let error = await refusal { try InstanceLock.acquire(home.lock, what: "a keeper") }
      #expect(error?.code == .exists && error?.message.contains("\(keeper)") == true)
      Processes.end(keeper, forcibly: true)
      try await eventually("the killed process is gone") { !runs(keeper) }
      #expect(exists(home.lock), "the file stays, with the dead process's number")
      #expect(InstanceLock.holder(of: home.lock) == nil)
      let lock = try InstanceLock.acquire(home.lock, what: "a keeper")
      #expect(InstanceLock.holder(of: home.lock) == Processes.ownID)
      lock.release()
    }
  }

  @Test("1,000 looks at the lock never make anybody's acquiring fail")
  func probes() async throws {
    try await withFolder { folder in
      let path = folder + "/lock"
      let counts = Counts()
      try await withThrowingTaskGroup { group in
        for _ in 0..<4 {
          group.addTask {
            for _ in 0..<250 {
              _ = InstanceLock.holder(of: path)
              counts.looks.add(1, ordering: .relaxed)
            }
          }
        }
        group.addTask {
          var rounds = 0
          while counts.looks.load(ordering: .relaxed) < 1000 || rounds < 100 {
            try InstanceLock.acquire(path, what: "a daemon").release()
            rounds += 1
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test("However many try at once, and release, there are never two holders")
  func neverTwo() async throws {
    try await withFolder { folder in
      let path = folder + "/lock"
      let counts = Counts()
      try await withThrowingTaskGroup { group in
        for _ in 0..<4 {
          group.addTask {
            for _ in 0..<2000 {
              guard let lock = try? InstanceLock.acquire(path, what: "a daemon") else { continue }
              let now = counts.holders.add(1, ordering: .sequentiallyConsistent).newValue
              #expect(now == 1, "\(now) processes hold the lock")
              counts.holders.subtract(1, ordering: .sequentiallyConsistent)
              counts.held.add(1, ordering: .relaxed)
              lock.release()
            }
          }
        }
        try await group.waitForAll()
      }
      #expect(counts.held.load(ordering: .relaxed) > 0)
    }
  }

  @Test("A lock that cannot be written is an error that names it")
  func cannot() async {
    let error = await refusal { try InstanceLock.acquire("/nowhere/lock", what: "a daemon") }
    #expect(error?.code == .notFound && error?.message.contains("/nowhere/lock") == true)
  }
}

private final class Counts: Sendable {
  let looks = Atomic(0)
  let holders = Atomic(0)
  let held = Atomic(0)
}
