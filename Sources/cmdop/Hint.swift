import Core

/// What stands behind `try:` can be pasted. Rooms below know no commands: a hint of theirs that is no command becomes part of
/// the message, and the verb says where to look.
enum Hint {
  private static let programs: Set = [
    "cmdop", "chmod", "date", "export", "fuser", "getent", "kill", "ls", "mv", "openssl", "rm", "unset",
  ]

  static func isCommand(_ hint: String) -> Bool {
    // NAME=VALUE before a command belongs to it.
    let words = hint.split(separator: " ")
    guard let first = words.first(where: { !$0.contains("=") || $0.hasPrefix("-") }) else { return false }
    return programs.contains(String(first))
  }

  /// `elsewhere`: a command that helps on. Who gives up needs none.
  static func completed(_ error: CmdopError, elsewhere: String) -> CmdopError {
    if error.code == .cancelled || error.hint.map(isCommand) == true { return error }
    let message = error.message + (error.hint.map { " (\($0))" } ?? "")
    return CmdopError(error.code, message, hint: elsewhere, retryAfter: error.retryAfter)
  }

  /// Where a file was expected.
  static func noFile(_ path: String) -> CmdopError {
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    let place = path.hasPrefix("/") ? "/" + folder : folder.isEmpty ? "." : folder
    return CmdopError(.notFound, "there is no file \(path)", hint: "ls -l \(ShellWord.quoted(place))")
  }
}
