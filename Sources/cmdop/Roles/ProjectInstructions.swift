import Core
import Host

/// What people have written down for agents: AGENTS.md and .cmdop/instructions.md of the working directory and of those above
/// it, up to the home directory. Only files of this user: nobody else may tell the agent what to do.
enum ProjectInstructions {
  private static let most = 64 * 1024

  private static let files = SlowWork("readings of instructions", threads: 1, most: 64)

  /// Never on the loop: a disk may hang.
  static func read(_ directory: String, home: String) async -> String {
    (try? await files.run { of(directory, home: home) }) ?? ""
  }

  private static func of(_ directory: String, home: String) -> String {
    var texts: [String] = []
    var folder = directory
    var room = most
    for _ in 0..<64 where !folder.isEmpty && folder != "/" {
      for name in [".cmdop/instructions.md", "AGENTS.md"] {
        let path = "\(folder)/\(name)"
        // No link: it could lead to what nobody is to send to a model's provider.
        guard let stamp = FileStamp(path), stamp.isRegular, stamp.isOwn,
          let bytes = try? PrivateFiles.read(path, limit: most), bytes.count <= room,
          !bytes.isEmpty
        else { continue }
        room -= bytes.count
        texts.insert("From \(path):\n\(String(decoding: bytes, as: UTF8.self))", at: 0)
      }
      if folder == home { break }
      folder = folder.lastIndex(of: "/").map { String(folder[..<$0]) } ?? ""
    }
    return texts.joined(separator: "\n\n")
  }
}
