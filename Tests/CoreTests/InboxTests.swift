import Core
import Testing

@Suite("Inbox: a queue with one reader")
@Loop
struct InboxTests {
  @Test("What is pushed comes out in order, and then the end")
  func order() async throws {
    let inbox = Inbox<Int>()
    for number in 1...3 { inbox.push(number) }
    inbox.finish()
    var read: [Int] = []
    while let number = try await inbox.next() { read.append(number) }
    #expect(read == [1, 2, 3])
    #expect(inbox.isEmpty && inbox.hasEnded)
  }

  @Test("A reader that waits gets what comes later")
  func wakes() async throws {
    let inbox = Inbox<String>()
    inbox.whenHungry = { Loop.enqueue { inbox.push("later") } }
    #expect(try await inbox.next() == "later")
  }

  @Test("A hungry reader may be fed on the spot")
  func feedsOnTheSpot() async throws {
    let inbox = Inbox<Int>()
    var asked = 0
    inbox.whenHungry = {
      asked += 1
      inbox.push(asked)
    }
    #expect(try await inbox.next() == 1)
    #expect(try await inbox.next() == 2)
    #expect(asked == 2)
  }

  @Test("What is queued is delivered before the error that ended it")
  func errorComesLast() async throws {
    let inbox = Inbox<Int>()
    inbox.push(1)
    inbox.finish(CmdopError(.connectionLost, "cut"))
    #expect(try await inbox.next() == 1)
    await #expect(throws: CmdopError(.connectionLost, "cut")) { try await inbox.next() }
  }

  @Test("After the end nothing is taken, and a second end changes nothing")
  func endIsFinal() async throws {
    let inbox = Inbox<Int>()
    inbox.finish()
    inbox.push(1)
    inbox.finish(CmdopError(.internalError, "too late"))
    #expect(try await inbox.next() == nil)
  }

  @Test("A reader that is cancelled leaves with CancellationError")
  func cancellation() async throws {
    let inbox = Inbox<Int>()
    let isReading = Turnstile()
    var reads = false
    inbox.whenHungry = {
      reads = true
      isReading.wake()
    }
    let reader = Task { try await inbox.next() }
    try await isReading.wait { reads }
    reader.cancel()
    await #expect(throws: CancellationError.self) { try await reader.value }
  }

  @Test("takeAll takes what was not read, once")
  func takesAll() async throws {
    let inbox = Inbox<Int>()
    for number in 1...4 { inbox.push(number) }
    #expect(try await inbox.next() == 1)
    #expect(inbox.takeAll() == [2, 3, 4])
    #expect(inbox.takeAll().isEmpty)
    inbox.push(5)
    #expect(try await inbox.next() == 5)
  }
}
