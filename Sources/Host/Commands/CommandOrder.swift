import Core

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A command whose output is kept, not shown to a terminal.
public struct CommandOrder: Sendable {
  public enum Program: Hashable, Sendable {
    /// A line or a script for the fixed shell.
    case shell(String)
    /// The words as they are. The first is found in the fixed PATH unless it has a slash.
    case words([String])
  }

  public var program: Program
  /// Where it runs.
  public var directory: OpenFolder
  public var environment: [String: String]
  /// nil: until it ends or is stopped.
  public var timeout: Duration?

  public init(_ program: Program, directory: OpenFolder, environment: [String: String], timeout: Duration?) {
    (self.program, self.directory) = (program, directory)
    (self.environment, self.timeout) = (environment, timeout)
  }

  /// Where commands are looked for, whatever the daemon was started with.
  public static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// What a command gets to see of the daemon's variables: an allowlist, because nobody can list all names that keys have.
  /// It says that there is no terminal, so that nothing opens a pager or asks for a password on one.
  public static func environment(of account: UserAccount, from outside: [String: String]) -> [String: String] {
    let kept: Set<String> = ["LANG", "LANGUAGE", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"]
    var variables = outside.filter { kept.contains($0.key) || $0.key.hasPrefix("LC_") }
    if variables["LANG"] == nil { variables["LANG"] = "C.UTF-8" }
    variables["PATH"] = path
    variables["HOME"] = account.home
    (variables["USER"], variables["LOGNAME"], variables["SHELL"]) = (account.name, account.name, account.shell)
    variables["TERM"] = "dumb"
    (variables["PAGER"], variables["GIT_PAGER"], variables["SYSTEMD_PAGER"]) = ("cat", "cat", "cat")
    variables["GIT_TERMINAL_PROMPT"] = "0"
    // A repository that somebody has planted runs nothing merely by being looked at.
    variables["GIT_CONFIG_COUNT"] = "2"
    (variables["GIT_CONFIG_KEY_0"], variables["GIT_CONFIG_VALUE_0"]) = ("safe.bareRepository", "explicit")
    (variables["GIT_CONFIG_KEY_1"], variables["GIT_CONFIG_VALUE_1"]) = ("core.fsmonitor", "false")
    return variables
  }

  /// The file to be started and all its words.
  func resolved() throws(CmdopError) -> (path: String, words: [String]) {
    switch program {
    case .shell(let text):
      guard !text.utf8.contains(0) else { throw CmdopError(.badUsage, "the command contains a NUL byte") }
      // The same grammar as the one it was judged by, and no file that changes what words mean.
      for path in ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"] where access(path, X_OK) == 0 {
        return (path, ["bash", "--noprofile", "--norc", "-c", text])
      }
      return ("/bin/sh", ["sh", "-c", text])
    case .words(let words):
      guard let name = words.first, !name.isEmpty else { throw CmdopError(.badUsage, "there is no command to run") }
      guard !words.contains(where: { $0.utf8.contains(0) }) else {
        throw CmdopError(.badUsage, "a word of the command contains a NUL byte")
      }
      if name.contains("/") { return (name, words) }
      for folder in Self.path.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
        return ("\(folder)/\(name)", words)
      }
      throw CmdopError(
        .notFound, "command not found: \(OneLine.of(name))", hint: "looked in \(Self.path); name it with its path")
    }
  }
}
