public import NIOCore

/// A program on a pseudo-terminal, wherever it lives.
@Loop
public protocol Terminal: AnyObject, Sendable {
  nonisolated var processID: Int32 { get }
  /// Begins to read. `take` gets each piece (1 B to 64 KiB) before the next is read, so that nothing waits in a memory
  /// that dies with the process, and must copy what it keeps; nil once everything was printed and the last program hung
  /// up. `landing`: where the pieces shall arrive. Once only.
  func start(
    landing: LandingPlace?, _ take: @escaping @Loop (UnsafeRawBufferPointer?) -> Void
  ) throws(CmdopError)
  /// While true nothing is read: the kernel then slows the program.
  var isPaused: Bool { get set }
  /// Types what the kernel takes at once of `bytes`; how many, 0 while the program reads nothing. Moves `mark` by as many
  /// in the same step: if it survives the process, it tells what was typed even when the process was killed in between.
  func type(_ bytes: ByteBuffer, moving mark: UnsafeMutablePointer<Int64>?) -> Int
  var size: TerminalSize { get set }
  /// Sends a signal to the foreground process group.
  func send(_ signal: SignalName)
  /// Ends it: HUP to everything in it, KILL for what is left after 5 s.
  func hangUp()
  /// How its first program ended. Returns once that program is gone.
  func end() async -> ProgramEnd
  /// What runs in the foreground; nil if the system does not tell.
  func whatRuns() -> ForegroundProgram?
}

/// The program that has the terminal now.
public struct ForegroundProgram: Hashable, Sendable {
  /// Its name, without a path: "vim".
  public var command: String
  /// Its working directory; nil if the system does not tell.
  public var directory: String?

  public init(command: String, directory: String?) { (self.command, self.directory) = (command, directory) }
}

/// Rows and columns, each 1 to 65535.
public struct TerminalSize: Hashable, Sendable {
  public static let standard = TerminalSize(rows: 24, columns: 80)
  public let rows: UInt16
  public let columns: UInt16

  /// Zero is taken for the standard 24 or 80: a window without a size happens (cron, some editors) and must not break.
  public init(rows: some BinaryInteger, columns: some BinaryInteger) {
    self.rows = rows <= 0 ? 24 : UInt16(clamping: rows)
    self.columns = columns <= 0 ? 80 : UInt16(clamping: columns)
  }
}

/// A command that runs without a terminal.
@Loop
public protocol Program: AnyObject, Sendable {
  nonisolated var processID: Int32 { get }
  /// The next thing it did; nil after `.ended`, which comes when it has ended and both streams are drained or closed.
  func next() async -> ProgramEvent?
  /// Feeds standard input. Returns when the kernel took the bytes, or at once when the program closed its input.
  func write(_ bytes: ByteBuffer) async
  /// Standard input ends.
  func closeInput()
  /// Sends a signal to its process group, which holds everything it started (unless that made a group of its own).
  func send(_ signal: SignalName)
}

public enum ProgramEvent: Sendable {
  case stdout(ByteBuffer)
  case stderr(ByteBuffer)
  case ended(ProgramEnd)
}

/// How a program ended.
public enum ProgramEnd: Hashable, Sendable {
  case exited(code: Int32)
  case signalled(number: Int32)
  /// Nobody saw it end.
  case unknown

  /// As a shell reports it: the exit code, or 128 + signal number; 255 when unknown.
  public var shellStatus: Int32 {
    switch self {
    case .exited(let code): code
    case .signalled(let number): 128 + number
    case .unknown: 255
    }
  }
}

/// The signals that may be sent across the wire, by name: numbers differ between systems.
public enum SignalName: String, Hashable, Sendable, CaseIterable {
  case interrupt = "INT"
  case terminate = "TERM"
  case kill = "KILL"
  case hangUp = "HUP"
  case quit = "QUIT"
  case stop = "TSTP"
  case go = "CONT"
  case user1 = "USR1"
  case user2 = "USR2"
}

/// What a new terminal or program is to be.
public struct LaunchOrder: Sendable {
  /// The words; empty: the user's login shell. One word (programs only): a line for the user's shell.
  public var arguments: [String]
  /// Added to the daemon's environment.
  public var environment: [String: String]
  /// Working directory; nil: the home directory.
  public var directory: String?
  public var size: TerminalSize

  public init(
    arguments: [String] = [], environment: [String: String] = [:], directory: String? = nil,
    size: TerminalSize = .standard
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.size = size
  }
}
