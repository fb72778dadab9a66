import Core

/// The way to one server, as long as it lasts. One request is one call; what the server says besides goes to whoever hears.
protocol ServerLink: Sendable {
  /// Carries until it is lost, or the task is cancelled; then it ends what was started for it. Says why it was lost.
  func run(_ hear: @escaping Hearing) async -> CmdopError
  /// Asks, and waits for the answer. When the task is cancelled the server is told.
  func ask(_ request: LinkRequest) async throws(LinkFault) -> LinkAnswer
  func tell(_ method: String, _ params: JSON)
  /// The same, and what is asked afterwards comes after it.
  func tellFirst(_ method: String, _ params: JSON) async
  /// A number that no other request of this link has.
  func nextID() -> Int
  /// From now on this revision is spoken.
  func speak(_ revision: ProtocolRevision)
  /// What the server has said where nobody asked it.
  var murmur: Murmur { get }
  /// Nothing of what happens at the server is heard while nothing is asked.
  var isDeaf: Bool { get }

  typealias Hearing = @Sendable (_ method: String, _ params: JSON) -> Void
}

struct LinkRequest: Sendable {
  let id: Int
  let method: String
  let params: JSON
  /// The name that HTTP headers repeat: of a tool.
  var name: String?
  var headers: [ParameterHeaders.Filled] = []
  /// `initialize` cannot be cancelled.
  var mayCancel = true
}

struct LinkAnswer: Sendable {
  let result: Result<JSON, RPCError>
  /// What has come for it, in bytes.
  let size: Int
}

/// Why there is no answer.
struct LinkFault: Error {
  let error: CmdopError
  /// It may have been done. Otherwise it can be asked again without doing it twice.
  let wasTaken: Bool
  /// The link is of no use any more.
  let isLost: Bool

  init(_ error: CmdopError, wasTaken: Bool, isLost: Bool) {
    (self.error, self.wasTaken, self.isLost) = (error, wasTaken, isLost)
  }
}

/// Bounds for what others' servers may do to us.
enum LinkBounds {
  /// Requests of one server that wait for their answers; more are refused.
  static let inFlight = 32
  /// One request of ours, in bytes.
  static let longestRequest = 4 << 20
  /// What waits to be read by a server that does not read; beyond it requests are refused and answers dropped.
  static let mostQueued = 16 << 20
  /// What a server may say unasked before it is slowed down, and before it is ended: bytes since its last answer.
  static let unaskedInPeace = 4 << 20
  static let unaskedAtAll = 256 << 20
}

/// A message of a server. It is read deeper than anything of ours may be nested: one tool with an absurd schema must not make
/// its whole list unreadable. What goes on from here is looked at first.
enum ServerMessage {
  private static let deepest = 256
  /// What may go on: it is put into messages and rows, which have the usual bound.
  static let deepestInside = JSON.deepest - 8

  /// The messages of a line, of an event or of a body: one, or a batch (2025-03-26). None: it is no message.
  /// This is where a server's words come in, all of them: what it was told in confidence is taken out of them here.
  static func read(_ bytes: [UInt8], _ secrets: SecretSearch) -> [RPCMessage] {
    let messages = (try? RPCInput.read(bytes, deepest: deepest))?.readable ?? []
    return secrets.isEmpty ? messages : messages.map { $0.concealed(by: secrets) }
  }

  /// Levels of nesting; a text has none.
  static func depth(_ json: JSON) -> Int {
    switch json {
    case .array(let items): 1 + (items.lazy.map(depth).max() ?? 0)
    case .object(let members): 1 + (members.values.lazy.map(depth).max() ?? 0)
    default: 0
    }
  }
}
