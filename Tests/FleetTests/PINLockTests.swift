import Core
import Fleet
import Synchronization
import Testing

@Suite("A machine's PIN")
struct PINLockTests {
  @Test("Without a PIN everybody passes; with one only those who have it, and a new one counts at once")
  func gate() async throws {
    let file = PINFile()
    let lock = file.lock()
    try await lock.admit("")
    try await file.set("4711")
    #expect(await refusal { try await lock.admit("") }?.code == .pinRequired)
    #expect(await refusal { try await lock.admit("4712") }?.message == "this is not the PIN of box: 4 tries are left")
    #expect(file.state?.wrong == 1)
    try await lock.admit("4711")
    #expect(file.state?.wrong == 0)
    try await file.set("0815")
    #expect(await refusal { try await lock.admit("4711") }?.code == .pinRequired)
    try await lock.admit("0815")
    file.put(nil)
    try await lock.admit("")
  }

  @Test("Five wrong ones shut it for 15 minutes, for the right one too, and a restart does not open it")
  func shutting() async throws {
    let file = PINFile()
    try await file.set("4711")
    let lock = file.lock()
    for left in [4, 3, 2] {
      #expect(await refusal { try await lock.admit("no way") }?.message.hasSuffix("\(left) tries are left") == true)
    }
    let after = file.lock()  // the daemon was started anew
    #expect(await refusal { try await after.admit("no way") }?.message.hasSuffix("one try is left") == true)
    let fifth = await refusal { try await after.admit("no way") }
    #expect(fifth?.code == .limit)
    #expect(fifth?.retryAfter == .seconds(900))
    #expect(await refusal { try await after.admit("4711") }?.code == .limit)
    #expect(await refusal { try await file.lock().admit("4711") }?.code == .limit)
    #expect(await refusal { try await after.admit("") }?.message.contains("1970-01-01T00:31:40Z") == true)
    file.clock.withLock { $0 += 900_000 }
    #expect(await refusal { try await after.admit("no way") }?.message.hasSuffix("4 tries are left") == true)
    try await after.admit("4711")
    #expect(file.state?.lockedUntil == 0)
  }

  @Test("A hundred guesses at once are five tries")
  func crowd() async throws {
    let file = PINFile()
    try await file.set("4711")
    let lock = file.lock()
    let refusals = await withTaskGroup(of: CmdopError?.self) { group in
      for guess in 1000..<1100 { group.addTask { await refusal { try await lock.admit("\(guess)") } } }
      return await group.reduce(into: [CmdopError?]()) { $0.append($1) }
    }
    #expect(refusals.allSatisfy { $0 != nil })
    #expect(refusals.filter { $0?.code == .pinRequired }.count == 4)
    #expect(file.state?.wrong == 5)
    #expect(await refusal { try await lock.admit("4711") }?.code == .limit)
  }

  @Test("A try counts before it is judged, and a right one of an earlier time is known without a new look")
  func counting() async throws {
    let file = PINFile()
    try await file.set("4711")
    let lock = file.lock()
    try await lock.admit("4711")
    #expect(file.writes == [1, 0])
    try await lock.admit("4711")
    #expect(file.writes == [1, 0])
  }

  @Test("What is damaged lets nobody in")
  func damage() async throws {
    let file = PINFile()
    try await file.set("4711")
    var state = try #require(file.state)
    state.hash = "$scrypt$ln=15,r=8,p=1$"
    file.put(state)
    for pin in ["4711", ""] { #expect(await refusal { try await file.lock().admit(pin) }?.code == .internalError) }
    file.unreadable.withLock { $0 = true }
    #expect(await refusal { try await file.lock().admit("4711") }?.code == .internalError)
  }

  @Test("A full disk neither opens nor shuts it: the count goes on in memory")
  func fullDisk() async throws {
    let file = PINFile()
    try await file.set("4711")
    file.full.withLock { $0 = true }
    let lock = file.lock()
    try await lock.admit("4711")
    for _ in 1...5 { #expect(await refusal { try await lock.admit("no way") } != nil) }
    #expect(await refusal { try await lock.admit("4711") }?.code == .limit)
  }

  @Test("A clock that was put back does not shut it for longer than 15 minutes")
  func clock() async throws {
    let file = PINFile()
    try await file.set("4711")
    var state = try #require(file.state)
    (state.wrong, state.lockedUntil) = (5, 1_000_000_000)
    file.put(state)
    let lock = file.lock()
    #expect(await refusal { try await lock.admit("4711") }?.retryAfter == .seconds(900))
    file.clock.withLock { $0 += 900_000 }
    try await lock.admit("4711")
  }

  @Test("What is no PIN cannot be set", arguments: ["", "123", String(repeating: "1", count: 65), "12\n45"])
  func shape(_ pin: String) async {
    #expect(await refusal { _ = try await PINLock.State(pin: pin, now: 0) }?.code == .badUsage)
  }
}

/// The file of a PIN, without a file.
private final class PINFile: Sendable {
  private let stored = Mutex<PINLock.State?>(nil)
  private let counts = Mutex<[Int]>([])
  let clock = Mutex<Int64>(1_000_000)
  let full = Mutex(false)
  let unreadable = Mutex(false)

  var state: PINLock.State? { stored.withLock { $0 } }
  /// The counts of wrong ones that were written.
  var writes: [Int] { counts.withLock { $0 } }
  func put(_ state: PINLock.State?) { stored.withLock { $0 = state } }
  func set(_ pin: String) async throws { put(try await PINLock.State(pin: pin, now: 0)) }

  func lock() -> PINLock {
    PINLock(
      host: "box",
      load: { () throws(CmdopError) in
        if self.unreadable.withLock({ $0 }) { throw CmdopError(.internalError, "pin is damaged") }
        return self.state
      },
      save: { (state) throws(CmdopError) in
        if self.full.withLock({ $0 }) { throw CmdopError(.limit, "the disk is full") }
        self.put(state)
        self.counts.withLock { $0.append(state.wrong) }
      }, now: { self.clock.withLock { $0 } })
  }
}

private func refusal(of body: () async throws -> Void) async -> CmdopError? {
  do {
    try await body()
    return nil
  } catch { return error as? CmdopError }
}
