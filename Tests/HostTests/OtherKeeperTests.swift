import Core
import Foundation
import Synchronization
import Testing

@testable import Host

@Suite("A keeper of another version", .timeLimit(.minutes(1)))
@Loop
struct OtherKeeperTests {
  /// `count`: terminals it keeps; `program`: older ones do not say.
  private nonisolated func welcome(
    _ frame: KeeperFrame, version: UInt32, count: UInt32, program: String? = nil, more: [UInt8] = []
  ) -> KeeperFrame {
    var body = KeeperWriter()
    body.add(version)
    body.add(Int32(1))
    body.add(count)
    if let program { body.add(program) }
    return KeeperFrame(.welcome, tag: frame.tag, body.bytes + more)
  }

  private nonisolated func done(_ frame: KeeperFrame, _ failure: Int32) -> KeeperFrame {
    var body = KeeperWriter()
    body.add(failure)
    return KeeperFrame(.done, tag: frame.tag, body.bytes)
  }

  @Test("An older one with terminals is not replaced: it refuses what it does not know, and serves the rest")
  func older() async throws {
    try await KeeperHome.run { home in
      try await PlayedKeeper.run(home.socket) { frame in
        switch KeeperFrame.Kind(rawValue: frame.kind) {
        case .hello: [welcome(frame, version: 0, count: 3)]
        case .list: [KeeperFrame(.listEnd, tag: frame.tag)]
        default: [done(frame, ENOSYS)]
        }
      } _: {
        let kept = try await home.daemon.kept()
        #expect(kept.isEmpty)
        home.daemon.setNote([], of: KeeperHome.newID())
        #expect(await refusal { try await home.open("exec cat") }?.code == .internalError)
        #expect(home.started.isEmpty)
      }
    }
  }

  @Test("A newer one says things that nobody has asked for: they are overlooked")
  func newer() async throws {
    try await KeeperHome.run { home in
      let heard = Atomic(0)
      try await PlayedKeeper.run(home.socket) { frame in
        heard.add(1, ordering: .relaxed)
        var strange = KeeperFrame(.ended, tag: 0, [1, 2, 3])
        strange.kind = 200
        let answer =
          frame.kind == KeeperFrame.Kind.hello.rawValue
          ? welcome(frame, version: 9, count: 3, program: "9.9", more: [9, 9])
          : KeeperFrame(.listEnd, tag: frame.tag, [1, 2, 3, 4])
        // An end without its terminal, and one of a terminal that nobody knows.
        return [strange, KeeperFrame(.ended, tag: 0), KeeperFrame(.ended, tag: 0, [1, 0, 0, 0, 65]), answer]
      } _: {
        for _ in 1...2 {
          let kept = try await home.daemon.kept()
          #expect(kept.isEmpty)
        }
        #expect(heard.load(ordering: .relaxed) == 3, "one hello, on one connection")
      }
    }
  }

  @Test("An older one that keeps nothing is asked to retire, and ours takes its place")
  func replaced() async throws {
    try await KeeperHome.run { home in
      let retired = Atomic(0)
      let path = home.socket
      try await PlayedKeeper.run(home.socket) { frame in
        switch KeeperFrame.Kind(rawValue: frame.kind) {
        case .hello: return [welcome(frame, version: 1, count: 0)]
        case .retire:
          unlink(path)
          retired.add(1, ordering: .relaxed)
          return [done(frame, 0)]
        default: return []
        }
      } _: {
        let terminal = try await home.open("exec cat")
        #expect(runs(terminal.processID) && home.started.count == 1)
        #expect(retired.load(ordering: .relaxed) == 1)
      }
    }
  }

  @Test("One that garbles its words is not followed")
  func garbled() async throws {
    try await KeeperHome.run { home in
      try await PlayedKeeper.run(home.socket) { frame in
        let worst = KeeperFrame(.kept, tag: frame.tag, [255, 255, 255, 255])
        return switch KeeperFrame.Kind(rawValue: frame.kind) {
        case .hello: [KeeperFrame(.welcome, tag: frame.tag, [255])]
        case .list: [worst, worst, KeeperFrame(.listEnd, tag: frame.tag)]
        default: [KeeperFrame(.done, tag: frame.tag)]
        }
      } _: {
        let kept = try await home.daemon.kept()
        #expect(kept.isEmpty)
        #expect(await refusal { try await home.open("exec cat") } != nil)
        #expect(home.started.isEmpty)
      }
    }
  }
}
