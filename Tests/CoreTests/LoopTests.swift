import Core
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite("Loop: one event loop for the process")
struct LoopTests {
  @Test("What is isolated to it runs on it, also after waiting elsewhere")
  func isolation() async {
    await onLoop()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { await onLoop() } }
    }
  }

  @Test("A callback from a foreign thread gets onto it")
  func enqueues() async {
    await withCheckedContinuation { continuation in
      Loop.enqueue {
        Loop.shared.preconditionIsolated()
        continuation.resume()
      }
    }
  }

  @Test("Code on it may say so and is run at once")
  @Loop
  func assumes() {
    var ran = false
    Loop.assumeIsolated { ran = true }
    #expect(ran)
  }

  @Test("A job is never run inside the one that caused it")
  @Loop
  func noReentry() async {
    var steps: [String] = []
    await withCheckedContinuation { continuation in
      Loop.enqueue {
        steps.append("callback")
        continuation.resume()
      }
      steps.append("caller")
    }
    #expect(steps == ["caller", "callback"])
  }

  @Test("Sockets are read while long work takes breaths, also when several do so side by side", arguments: [1, 3])
  @Loop
  func breath(workers: Int) async throws {
    let way = try await Way()
    // As in our processes: elsewhere a yield goes by way of another thread, and the loop looks around meanwhile.
    await Loop.prefer {
      await withTaskGroup(of: Void.self) { group in
        for worker in 0..<workers { group.addTask { await labour(way, sends: worker == 0) } }
      }
    }
    #expect(way.hasArrived)
    try await way.close()
  }

  @Test("Callbacks that wait for a breath are run in turn, and one may ask for the next")
  @Loop
  func breathInTurn() async {
    var steps: [Int] = []
    await withCheckedContinuation { continuation in
      Loop.afterBreath {
        steps.append(1)
        Loop.afterBreath {
          steps.append(3)
          continuation.resume()
        }
      }
      Loop.afterBreath { steps.append(2) }
    }
    #expect(steps == [1, 2, 3])
  }

  /// Many rounds, should something else keep the loop busy just when it is to breathe.
  @Loop
  private func labour(_ way: Way, sends: Bool) async {
    for round in 0..<300 where !way.hasArrived {
      let end = ContinuousClock.now + .milliseconds(1)
      while ContinuousClock.now < end {}
      if sends && round == 0 { way.send() }
      await Loop.breathe()
    }
  }

  @Loop
  private func onLoop() async {
    Loop.shared.preconditionIsolated()
    await elsewhere()
    Loop.shared.preconditionIsolated()
  }

  @concurrent private func elsewhere() async { await Task.yield() }
}

/// A pipe whose reading end is on the loop.
@Loop
private final class Way {
  private let channel: any Channel
  private let writer: FileHandle
  private let ear: Ear

  init() async throws {
    let pipe = Pipe()
    let ear = Ear()
    (self.ear, writer) = (ear, pipe.fileHandleForWriting)
    let descriptor = dup(pipe.fileHandleForReading.fileDescriptor)
    channel = try await NIOPipeBootstrap(group: Loop.eventLoop)
      .channelInitializer { channel in channel.pipeline.addHandler(ear) }
      .takingOwnershipOfDescriptor(input: descriptor).get()
  }

  var hasArrived: Bool { ear.hasHeard.load(ordering: .relaxed) }
  func send() { writer.write(Data([1])) }
  func close() async throws { try await channel.close() }

  private final class Ear: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer
    let hasHeard = Atomic(false)
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { hasHeard.store(true, ordering: .relaxed) }
  }
}
