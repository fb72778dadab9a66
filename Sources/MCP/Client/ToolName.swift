import Core

/// What a tool of another server is called here: `server:tool` for rules and people, `server__tool` for models, at most 64
/// characters either way. The server's own name for it is kept for the wire.
enum ToolName {
  /// Towards models, whose bound it is: with the two underscores.
  static let longest = 64

  static func isPlain(_ byte: UInt8) -> Bool {
    (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5f || byte == 0x2d
  }

  /// `taken`: names of this server's other tools. Two that would be called the same differ in a number at the end.
  static func of(_ wire: String, server: String, taken: inout Set<String>) -> String {
    let room = longest - server.utf8.count - 2
    var plain = String(
      wire.unicodeScalars.prefix(200).map { scalar -> Character in
        let small = Character(scalar).lowercased()
        return small.utf8.count == 1 && small.utf8.allSatisfy { isPlain($0) } ? Character(small) : "_"
      })
    plain = String(plain.drop { $0 == "_" }.reversed().drop { $0 == "_" }.reversed())
    if plain.isEmpty { plain = "tool" }
    var (name, number) = (plain.cut(room), 1)
    while !taken.insert(name).inserted {
      number += 1
      let suffix = "_\(number)"
      name = plain.prefix(room - suffix.count) + suffix
    }
    return "\(server):\(name)"
  }
}
