import Core
import Wire

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
    if let hint = error.hint.flatMap(pasteable) {
      return CmdopError(error.code, error.message, hint: hint, retryAfter: error.retryAfter)
    }
    let message = error.message + (error.hint.map { " (\($0))" } ?? "")
    return CmdopError(error.code, message, hint: elsewhere, retryAfter: error.retryAfter)
  }

  /// "ask an owner: cmdop fleet members" with its words behind the command; nil where there is none in it.
  private static func pasteable(_ hint: String) -> String? {
    guard let cut = hint.ranges(of: ": ").last(where: { isCommand(String(hint[$0.upperBound...])) }) else { return nil }
    return "\(hint[cut.upperBound...])   # \(hint[..<cut.lowerBound])"
  }

  /// Who is not let in reads where to sign in, and whether a variable is what was refused. `relay`: the one that was asked.
  static func signingIn(_ error: CmdopError, at relay: RelayAddress?) -> CmdopError {
    guard error.code == .unauthenticated, error.hint?.hasPrefix("cmdop login RELAY") == true else { return error }
    let login = "cmdop login \(relay.map { "'\($0.spoken)'" } ?? "RELAY")"
    if Start.variable("CMDOP_TOKEN") != nil {
      return CmdopError(
        error.code, "\(error.message): it was given as CMDOP_TOKEN, which goes before any sign-in",
        hint: "unset CMDOP_TOKEN && \(login)")
    }
    return CmdopError(
      error.code, error.message + (relay.map { " at \($0.hostAndPort)" } ?? ""), hint: relay == nil ? error.hint : login
    )
  }

  /// Where a file was expected.
  static func noFile(_ path: String) -> CmdopError {
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    let place = path.hasPrefix("/") ? "/" + folder : folder.isEmpty ? "." : folder
    return CmdopError(.notFound, "there is no file \(path)", hint: "ls -l \(ShellWord.quoted(place))")
  }
}
