import Core
import Synchronization
import Testing

@Suite("Nursery: a parent for tasks")
struct NurseryTests {
  @Test("Jobs that were started before run has begun are run")
  func runsAll() async {
    let nursery = Nursery()
    let (ran, tell) = AsyncStream<Int>.makeStream()
    for number in 0..<10 { nursery.start { tell.yield(number) } }
    let parent = Task { await nursery.run() }
    var seen: Set<Int> = []
    for await number in ran {
      seen.insert(number)
      if seen.count == 10 { break }
    }
    parent.cancel()
    await parent.value
    #expect(seen == Set(0..<10))
  }

  @Test("A job may start another")
  func nests() async {
    let nursery = Nursery()
    let (ran, tell) = AsyncStream<Void>.makeStream()
    nursery.start { nursery.start { tell.finish() } }
    let parent = Task { await nursery.run() }
    for await _ in ran {}
    parent.cancel()
    await parent.value
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
