import Core
import NIOCore
import NIOPosix
import Testing

@testable import Wire

@Suite("Dialling again and again", .timeLimit(.minutes(1)))
@Loop
struct DiallingTests {
  @Test("Who takes connections and says nothing gets new ones the slower the longer it has been silent")
  func silentPeer() async throws {
    let deaf = DeafPeer()
    // For 3 s, and twice a second; without patience it would be fifty times.
    try await dial(try await deaf.port, silence: .seconds(32))
    #expect((2...24).contains(deaf.arrivals), "\(deaf.arrivals)")
    try await deaf.close()
  }

  @Test("A short silence changes nothing, and a long one no more than a second")
  func forbearance() {
    let spans = [Duration.zero, .seconds(32), .seconds(3600)].map { Link.forbearance(since: .now - $0) }
    #expect(spans[0] <= Link.haste * 1.2)
    #expect(spans[1] > .milliseconds(390) && spans[1] < .milliseconds(610))
    #expect(spans[2] <= .milliseconds(1200))
  }

  @Test("Where nobody is found it is tried all the time, however long it has been so")
  func nobody() async throws {
    let gone = DeafPeer()
    let port = try await gone.port
    try await gone.close()
    var deaf: DeafPeer?
    var (looks, looksAfter) = (0, 0)
    try await dial(port, silence: .seconds(32)) {
      looks += 1
      if looks == 4 { deaf = DeafPeer(port: port) }
      if deaf?.isBound == true { looksAfter += 1 }
      return deaf?.arrivals ?? 0 == 0
    }
    // At each look one more; with patience it would be every eighth.
    #expect(deaf?.arrivals ?? 0 > 0 && looksAfter <= 4, "\(looksAfter)")
    try await deaf?.close()
  }

  @Test("A connection that stands is not closed by who gives its making up too late")
  func tooLate() async throws {
    let deaf = DeafPeer()
    let (won, lost) = (Link.Attempt(), Link.Attempt())
    let channels = (try await deaf.connect(), try await deaf.connect())
    won.made(channels.0)
    lost.made(channels.1)
    #expect(won.done())
    won.giveUp()
    lost.giveUp()
    #expect(!lost.done())
    try await channels.1.closeFuture.get()
    #expect(channels.0.isActive && !channels.1.isActive)
    try await channels.0.close()
    try await deaf.close()
  }

  private func dial(_ port: Int, silence: Duration, while isWanted: @Loop () -> Bool = { true }) async throws {
    let address = try RelayAddress("https://127.0.0.1:\(port)")
    let place = try SocketAddress(ipAddress: "127.0.0.1", port: port)
    await #expect(throws: CmdopError.self) {
      try await Link.dial(address, at: place, every: Link.haste, silence: .now - silence, while: isWanted)
    }
  }
}

/// Takes connections, and says nothing on them.
@Loop
private final class DeafPeer: Sendable {
  private let bound: EventLoopFuture<any Channel>
  private let visitors = Visitors()
  private(set) var isBound = false
  var arrivals: Int { visitors.channels.count }

  /// Begins to listen, and does not wait until it does.
  init(port: Int = 0) {
    bound = ServerBootstrap(group: Loop.eventLoop)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { [visitors] child in
        Loop.assumeIsolated { visitors.channels.append(child) }
        return child.eventLoop.makeSucceededVoidFuture()
      }
      .bind(host: "127.0.0.1", port: port)
    bound.whenSuccess { _ in Loop.assumeIsolated { self.isBound = true } }
  }

  var port: Int { get async throws { try #require(try await bound.get().localAddress?.port) } }

  func connect() async throws -> any Channel {
    try await ClientBootstrap(group: Loop.eventLoop).connect(host: "127.0.0.1", port: try await port).get()
  }

  func close() async throws {
    try await bound.get().close()
    for channel in visitors.channels { channel.close(promise: nil) }
  }

  @Loop private final class Visitors: Sendable { var channels: [any Channel] = [] }
}
