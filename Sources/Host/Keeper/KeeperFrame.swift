/// What daemon and keeper say to each other: a length (4 bytes, of what follows), a kind, a tag that an answer repeats, and
/// a body. All integers little-endian. A frame whose body is longer than its reader knows is of a newer version: the rest
/// is ignored, and so is an event of an unknown kind; a request of an unknown kind is refused with ENOSYS.
/// `docs/sessions.md`, "The keeper", lists the kinds.
struct KeeperFrame: Equatable {
  enum Kind: UInt8 {
    /// daemon → keeper. `welcome` answers.
    case hello = 1
    case spawn = 2
    case list = 3
    case signal = 4
    case forget = 5
    case setNote = 6
    case retire = 7
    /// keeper → daemon. `done` carries an errno; `spawned` and `kept` come with a descriptor; `ended` is not asked for.
    case welcome = 64
    case done = 65
    case spawned = 66
    case kept = 67
    case listEnd = 68
    case ended = 69
    /// Not asked for either: another daemon has said hello, and the terminals are its from now on.
    case superseded = 70
  }

  var kind: UInt8
  var tag: UInt32
  var body: [UInt8]

  init(_ kind: Kind, tag: UInt32, _ body: [UInt8] = []) {
    (self.kind, self.tag, self.body) = (kind.rawValue, tag, body)
  }

  /// Spoken by this program. A keeper of another version serves what it knows and refuses the rest with ENOSYS.
  static let version: UInt32 = 1
  /// An environment may be large; nothing else is.
  static let limit = 1024 * 1024
  /// What a daemon may leave with a terminal for the next one.
  static let noteLimit = 4096

  var bytes: [UInt8] {
    var writer = KeeperWriter()
    writer.add(UInt32(body.count + 5))
    writer.add(kind)
    writer.add(tag)
    return writer.bytes + body
  }

  /// Takes the first whole frame off `bytes`; nil while there is none. False in `intact`: no frame of ours begins there.
  static func take(from bytes: inout [UInt8], intact: inout Bool) -> KeeperFrame? {
    var reader = KeeperReader(bytes)
    guard let length = reader.uint32() else { return nil }
    guard length >= 5, length <= limit else {
      intact = false
      return nil
    }
    guard bytes.count >= 4 + Int(length), let kind = reader.uint8(), let tag = reader.uint32() else { return nil }
    var frame = KeeperFrame(.done, tag: tag, Array(bytes[9..<4 + Int(length)]))
    frame.kind = kind
    bytes.removeFirst(4 + Int(length))
    return frame
  }
}
