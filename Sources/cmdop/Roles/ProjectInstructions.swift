import Core
import Host

/// What people have written down for agents: AGENTS.md and .cmdop/instructions.md of the working directory and of those above
/// it, up to the home directory. Only files of this user: nobody else may tell the agent what to do.
enum ProjectInstructions {
  private static let most = 64 * 1024

  static func of(_ directory: String, home: String) -> String {
    var texts: [String] = []
    var folder = directory
    var room = most
    while !folder.isEmpty, folder != "/" {
      for name in [".cmdop/instructions.md", "AGENTS.md"] {
        let path = "\(folder)/\(name)"
        guard PrivateFiles.isOwn(path), let bytes = try? PrivateFiles.read(path, limit: most), bytes.count <= room,
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
