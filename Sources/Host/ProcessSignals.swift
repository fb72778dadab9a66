import CHost
import Core
import NIOCore
import Synchronization

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Signals to this process, as a sequence.
public enum ProcessSignals {
  public enum Kind: Int32, Sendable, CaseIterable {
    case interrupt, terminate, hangUp, quit, windowChange, resumed

    var number: CInt {
      switch self {
      case .interrupt: SIGINT
      case .terminate: SIGTERM
      case .hangUp: SIGHUP
      case .quit: SIGQUIT
      case .windowChange: SIGWINCH
      case .resumed: SIGCONT
      }
    }
  }

  /// From now on these signals do nothing but appear here. One stream per process; of signals that come faster than
  /// they are read, the newest 16 are kept.
  public static func stream(_ kinds: [Kind]) -> AsyncStream<Kind> {
    var (signals, null) = (sigset_t(), CInt(0))
    sigemptyset(&signals)
    for kind in kinds { sigaddset(&signals, kind.number) }
    let (stream, continuation) = AsyncStream.makeStream(of: Kind.self, bufferingPolicy: .bufferingNewest(16))
    sink.withLock { $0 = continuation }
    var ends: [CInt] = [-1, -1]
    null = chost_pipe(&ends)
    guard null == 0 else { return stream }
    setNonBlocking(ends[1])
    wakeUp.store(ends[1], ordering: .releasing)
    // A handler, not a mask: children are spawned with all signals at their defaults, and other threads need no care.
    for kind in kinds {
      var action = sigaction()
      sigemptyset(&action.sa_mask)
      action.sa_flags = SA_RESTART
      #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = handle
      #else
        action.__sigaction_handler.sa_handler = handle
      #endif
      sigaction(kind.number, &action, nil)
    }
    if let reader = try? DescriptorPump.start(ends[0]) { readers.withLock { $0.append(reader) } }
    return stream
  }

  fileprivate static let sink = Mutex<AsyncStream<Kind>.Continuation?>(nil)
  fileprivate static let wakeUp = Atomic<CInt>(-1)
  private static let readers = Mutex<[DescriptorPump]>([])

  fileprivate static func deliver(_ number: UInt8) {
    guard let kind = Kind.allCases.first(where: { $0.number == CInt(number) }) else { return }
    _ = sink.withLock { $0?.yield(kind) }
  }

  /// Hands the bytes of the handler's pipe to the stream.
  private final class DescriptorPump: Sendable {
    static func start(_ descriptor: CInt) throws -> DescriptorPump {
      let pump = DescriptorPump()
      Loop.enqueue {
        setNonBlocking(descriptor)
        let holder = Holder()
        holder.stream = try? DescriptorStream.open(descriptor, reads: true, writes: false, piece: 64) { bytes in
          for number in bytes?.readableBytesView ?? .init() { deliver(number) }
          if bytes != nil { holder.stream?.pull() }
        }
        holder.stream?.pull()
      }
      return pump
    }
    @Loop private final class Holder: Sendable { var stream: DescriptorStream? }
  }
}

/// Async-signal-safe: one byte into a pipe.
private func handle(_ number: CInt) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(ProcessSignals.wakeUp.load(ordering: .acquiring), &byte, 1)
  errno = saved
}
