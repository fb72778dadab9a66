import Core
import FoundationEssentials

/// An asciicast v2 file (docs.asciinema.org/manual/asciicast/v2), read.
struct CastFile {
  struct Head: Decodable {
    var version: Int
    var width, height: Int
    var title: String?
    /// Ours: where the session worked.
    var directory: String?

    enum CodingKeys: String, CodingKey {
      case version, width, height, title
      case directory = "cmdop_directory"
    }
  }
  struct Event: Decodable {
    /// Seconds since the beginning.
    var time: Double
    var kind: String
    var text: String

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      time = try values.decode(Double.self)
      kind = try values.decode(String.self)
      text = try values.decode(String.self)
    }
  }

  static let limit = 256 * 1024 * 1024
  let head: Head
  /// What was printed, in order.
  let output: [Event]

  /// Throws `bad_usage` with the line that is wrong.
  init(_ bytes: [UInt8], name: String) throws(CmdopError) {
    let lines = bytes.split(separator: 10)
    let decoder = JSONDecoder()
    func refuse(_ line: Int, _ why: String) -> CmdopError {
      CmdopError(
        .badUsage, "\(name) is no asciicast v2 file: line \(line) \(why)", hint: "cmdop session save --help")
    }
    guard let first = lines.first else { throw refuse(1, "is missing") }
    guard let head = try? decoder.decode(Head.self, from: Data(first)) else { throw refuse(1, "is no head") }
    guard head.version == 2 else { throw refuse(1, "says version \(head.version)") }
    var events: [Event] = []
    for (index, line) in lines.dropFirst().enumerated() {
      guard let event = try? decoder.decode(Event.self, from: Data(line)), event.time.isFinite else {
        throw refuse(index + 2, "is no event")
      }
      if event.kind == "o" { events.append(event) }
    }
    (self.head, output) = (head, events)
  }
}
