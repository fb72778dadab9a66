import CHost

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// The keeper's end of one connection: never blocks, and takes the next request only when the answers to the last one have
/// gone out, so that a daemon that does not read costs no memory.
struct KeeperConnection {
  let socket: CInt
  /// It has said hello, and no other has since.
  var isDaemon = false
  private(set) var isBroken = false
  private var received: [UInt8] = []
  private var unsent: [KeeperReply] = []

  /// Takes the socket over.
  init(_ socket: CInt) {
    self.socket = socket
    setNonBlocking(socket)
  }

  /// Whether it waits to be written rather than to be read.
  var hasUnsent: Bool { !unsent.isEmpty }

  mutating func receive() {
    var piece = [UInt8](repeating: 0, count: 16 * 1024)
    var (descriptor, count) = (CInt(-1), 0)
    let failure = chost_receive(socket, &piece, piece.count, &descriptor, &count)
    if descriptor >= 0 { close(descriptor) }  // nobody has reason to send us one
    if failure == EAGAIN { return }
    guard failure == 0, count > 0 else { return isBroken = true }
    received += piece[..<count]
  }

  /// The next whole request; nil when there is none yet or the last one's answers have not gone out.
  mutating func next() -> KeeperFrame? {
    guard unsent.isEmpty, !isBroken else { return nil }
    var intact = true
    let frame = KeeperFrame.take(from: &received, intact: &intact)
    if !intact { isBroken = true }
    return frame
  }

  /// Nothing more is heard or said.
  mutating func drop() { (isBroken, unsent) = (true, []) }

  mutating func send(_ reply: KeeperReply) {
    unsent.append(reply)
    if unsent.count == 1 { flush() }
  }

  /// Sends what the other side has room for.
  mutating func flush() {
    while !unsent.isEmpty, !isBroken {
      var count = 0
      let failure = unsent[0].bytes.withUnsafeBytes { bytes in
        chost_send(socket, bytes.baseAddress, bytes.count, unsent[0].descriptor, &count)
      }
      if failure == EAGAIN { return }
      guard failure == 0 else { return isBroken = true }
      unsent[0].bytes.removeFirst(count)
      unsent[0].descriptor = -1  // it went with the first byte
      if unsent[0].bytes.isEmpty { unsent.removeFirst() }
    }
  }
}

/// A frame on its way to the daemon, with a descriptor (-1: none) that stays ours.
struct KeeperReply {
  var bytes: [UInt8]
  var descriptor: CInt

  init(_ kind: KeeperFrame.Kind, tag: UInt32, descriptor: CInt = -1, _ fill: (inout KeeperWriter) -> Void = { _ in }) {
    var body = KeeperWriter()
    fill(&body)
    bytes = KeeperFrame(kind, tag: tag, body.bytes).bytes
    self.descriptor = descriptor
  }

  static func done(_ tag: UInt32, _ failure: CInt = 0) -> KeeperReply {
    KeeperReply(.done, tag: tag) { $0.add(failure) }
  }
}
