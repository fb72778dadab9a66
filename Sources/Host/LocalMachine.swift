import CHost
public import Core
import NIOCore

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// This machine: what can be started on it, and what it is called.
public struct LocalMachine: Sendable {
  private let account: UserAccount
  private let environment: [String: String]

  /// `environment`: what programs inherit, before an order adds its own.
  public init(account: UserAccount, environment: [String: String]) {
    self.account = account
    var base = environment.filter { !$0.key.hasPrefix("CMDOP_") }
    base["HOME"] = account.home
    base["USER"] = account.name
    base["LOGNAME"] = account.name
    base["SHELL"] = account.shell
    if base["PATH"] == nil { base["PATH"] = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin" }
    self.environment = base
  }

  /// Of the user whose machine this is here.
  public var home: String { account.home }

  public static var hostname: String {
    var buffer = [CChar](repeating: 0, count: 256)
    gethostname(&buffer, buffer.count - 1)
    let name = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress.unsafelyUnwrapped) }
    return name.isEmpty ? "localhost" : name
  }

  /// "linux/x86_64", "macos/arm64".
  public static var platform: String {
    var names = utsname()
    uname(&names)
    func text(_ field: some Any) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    let system = text(names.sysname).lowercased()
    return (system == "darwin" ? "macos" : system) + "/" + text(names.machine)
  }

  /// The user's login shell (or `order.arguments`) on a new pseudo-terminal of the keeper's. `note`: see KeeperLink.Kept.
  @Loop
  public func openTerminal(
    _ order: LaunchOrder, id: SessionID, note: [UInt8], keeper: TerminalKeeper
  ) async throws(CmdopError) -> any Terminal {
    let path = try program(order.arguments.first ?? account.shell)
    // A leading "-" is how a shell learns that it is a login shell.
    let words =
      order.arguments.isEmpty ? ["-" + (path.split(separator: "/").last.map(String.init) ?? path)] : order.arguments
    let directory = try directory(of: order)
    return try await keeper.spawn(
      id, path: path, words: words, variables: variables(order), directory: directory, size: order.size, note: note)
  }

  /// Where a program is: itself when it has a slash, else found in PATH.
  private func program(_ name: String, in folders: String? = nil) throws(CmdopError) -> String {
    if name.contains("/") { return name }
    let folders = folders ?? environment["PATH"] ?? ""
    if let path = Self.find(name, in: folders) { return path }
    throw CmdopError(.notFound, "command not found: \(OneLine.of(name)) (looked in \(OneLine.of(folders)))")
  }

  /// The program of that name in a PATH; nil: there is none.
  public static func find(_ name: String, in folders: String) -> String? {
    folders.split(separator: ":").lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// One command with its own process group. One word is a line for the user's shell.
  @Loop
  public func run(_ order: LaunchOrder, input: Bool) throws(CmdopError) -> any Program {
    let words = order.arguments.count == 1 ? [account.shell, "-c", order.arguments[0]] : order.arguments
    guard let path = words.first, !path.isEmpty else { throw CmdopError(.badUsage, "there is no command to run") }
    return try spawn(path, words, order, input: input)
  }

  /// A program that is talked to over its three pipes: the words as they are, no shell. The first is found in the order's PATH, or
  /// this machine's. It ends with this process, also when that is killed: then its input ends, TERM after 0.8 s, KILL after two
  /// more.
  @Loop
  public func converse(_ order: LaunchOrder) throws(CmdopError) -> any Program {
    guard let name = order.arguments.first, !name.isEmpty else {
      throw CmdopError(.badUsage, "there is no command to run")
    }
    let home = name.hasPrefix("~/") ? account.home + name.dropFirst() : name
    let path = try program(home, in: order.environment["PATH"])
    let folder = try Self.open(directory(of: order))
    defer { close(folder) }
    let pipes = try ProgramPipes(input: true)
    defer { pipes.closeChildEnds() }
    let guardian: Guardian
    do throws(CmdopError) {
      guardian = try Guardian(
        path, order.arguments, variables(order), folder: folder, ends: pipes.childEnds, gently: true)
    } catch {
      pipes.closeOwnEnds()
      throw error
    }
    return try PipedProgram(guardian, pipes: pipes)
  }

  private static func open(_ directory: String) throws(CmdopError) -> CInt {
    var folder: CInt = -1
    // Its last component may be a link, too.
    let failure = chost_open_at(-1, directory + "/.", CHOST_OPEN_FOLDER, 0, &folder)
    guard failure == 0 else { throw systemError(failure, "cannot enter \(OneLine.of(directory))") }
    return folder
  }

  @Loop
  private func spawn(
    _ path: String, _ words: [String], _ order: LaunchOrder, input: Bool
  ) throws(CmdopError) -> any Program {
    let directory = try directory(of: order)
    let pipes = try ProgramPipes(input: input)
    var id: pid_t = 0
    let failure = withCStrings(words) { words in
      withCStrings(variables(order)) { variables in
        chost_spawn(path, words, variables, directory, pipes.childEnds, &id)
      }
    }
    pipes.closeChildEnds()
    guard failure == 0 else {
      pipes.closeOwnEnds()
      if failure == ENOENT { throw CmdopError(.notFound, "command not found: \(path)") }
      throw systemError(failure, "cannot run \(path)")
    }
    return try PipedProgram(processID: id, pipes: pipes)
  }

  private func variables(_ order: LaunchOrder) -> [String] {
    environment.merging(order.environment, uniquingKeysWith: { $1 })
      .filter { !$0.key.isEmpty && !$0.key.contains("=") && !$0.key.contains("\0") && !$0.value.contains("\0") }
      .map { "\($0)=\($1)" }
  }

  /// Checked before, because the child's failure would only say "no such file", not which.
  private func directory(of order: LaunchOrder) throws(CmdopError) -> String {
    guard var path = order.directory else { return access(account.home, X_OK) == 0 ? account.home : "/" }
    if path == "~" { path = account.home }
    if path.hasPrefix("~/") { path = account.home + path.dropFirst() }
    var facts = stat()
    guard stat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else {
      throw CmdopError(.notFound, "there is no directory \(path)")
    }
    return path
  }
}
