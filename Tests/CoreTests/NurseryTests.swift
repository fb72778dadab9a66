import Core
import Synchronization
import Testing

@Suite("Nursery: a parent for tasks")
struct NurseryTests {
  @Test("Jobs that were started before run has begun are run, and run waits for all")
  func waitsForAll() async {
    let nursery = Nursery()
    let ran = Mutex(0)
    for _ in 0..<10 { nursery.start { ran.withLock { $0 += 1 } } }
    nursery.close()
    await nursery.run()
    #expect(ran.withLock { $0 } == 10)
  }

  @Test("A job may start another")
  func nests() async {
    let nursery = Nursery()
    let ran = Mutex(false)
    nursery.start {
      nursery.start {
        ran.withLock { $0 = true }
        nursery.close()
      }
    }
    await nursery.run()
    #expect(ran.withLock { $0 })
  }

  @Test("After close nothing is taken")
  func closes() async {
    let nursery = Nursery()
    let ran = Mutex(false)
    nursery.close()
    nursery.start { ran.withLock { $0 = true } }
    await nursery.run()
    #expect(!ran.withLock { $0 })
  }

  @Test("When its parent is cancelled, the jobs are cancelled and waited for")
  func cancellation() async {
    let nursery = Nursery()
    let (begun, signal) = AsyncStream<Void>.makeStream()
    let ended = Mutex(false)
    nursery.start {
      signal.finish()
      let (never, keep) = AsyncStream<Void>.makeStream()
      for await _ in never {}
      keep.finish()
      ended.withLock { $0 = true }
    }
    let parent = Task { await nursery.run() }
    for await _ in begun {}
    parent.cancel()
    await parent.value
    #expect(ended.withLock { $0 })
  }
}
