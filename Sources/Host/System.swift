#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif
import CHost
public import Core

/// errno as one of our errors. `what` says what could not be done.
func systemError(_ number: CInt, _ what: String) -> CmdopError {
  let code: CmdopError.Code =
    switch number {
    case ENOENT, ENOTDIR: .notFound
    case EACCES, EPERM: .denied
    case ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EAGAIN: .limit
    case EEXIST: .exists
    default: .internalError
    }
  return CmdopError(code, "\(what): \(String(cString: strerror(number)))")
}

func setNonBlocking(_ descriptor: CInt) { _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) }

/// Calls `body` with NULL-terminated C strings.
func withCStrings<T>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> T) -> T {
  let copies = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}

/// Who is at the other end of a connected Unix socket: a user id, nil when the system does not say.
public func peerUser(ofSocket descriptor: CInt) -> UInt32? {
  var uid: UInt32 = 0
  return chost_peer_uid(descriptor, &uid) == 0 ? uid : nil
}

/// Milliseconds since 1970, by the system's clock.
public func wallClock() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// Milliseconds since 1970 as this process believes them: the wall clock when it began, and what has passed since, also
/// asleep. Who sets the clock moves no deadline.
public enum SteadyClock {
  private static let offset = wallClock() - elapsed()

  public static func now() -> Int64 { offset + elapsed() }

  private static func elapsed() -> Int64 {
    var time = timespec()
    #if canImport(Darwin)
      clock_gettime(CLOCK_MONOTONIC, &time)  // goes on in sleep there
    #else
      clock_gettime(CLOCK_BOOTTIME, &time)
    #endif
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

/// This process, and others by their number.
public enum Processes {
  public static var ownID: Int32 { getpid() }
  public static var ownUser: UInt32 { getuid() }

  /// All variables of this process.
  public static var environment: [String: String] {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let mark = text.firstIndex(of: "=") {
        variables[String(text[..<mark])] = String(text[text.index(after: mark)...])
      }
      next += 1
    }
    return variables
  }

  /// Whether a process started with `startInBackground` still runs. Takes note of its end, so only its parent may ask.
  public static func childRuns(_ id: Int32) -> Bool {
    var status: CInt = 0
    return waitpid(id, &status, WNOHANG) == 0
  }

  /// Asks a process to end: TERM, or KILL.
  public static func end(_ id: Int32, forcibly: Bool = false) { if id > 1 { kill(id, forcibly ? SIGKILL : SIGTERM) } }

  /// The file this program was started from.
  public static func ownExecutable(argument: String) -> String {
    #if os(Linux)
      var buffer = [CChar](repeating: 0, count: 4096)
      let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
      if length > 0 { return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    #endif
    return argument
  }

  /// Writing to a pipe that nobody reads is an error for the writer, not the end of the process.
  /// A crash leaves no image of this process's memory, in which there are keys and tokens. Programs that it starts inherit
  /// that: for processes that start none.
  public static func forbidCoreFiles() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    #if canImport(Glibc)
      setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    #else
      setrlimit(RLIMIT_CORE, &none)
    #endif
  }

  /// A write that cannot be done (nobody reads, the file may not be so large) is an error, not the process's end.
  public static func survivesFailedWrites() { for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) } }

  /// Starts a program that outlives this one, with its own session, nothing on standard input, and output to `logFile`.
  public static func startInBackground(
    _ executable: String, _ arguments: [String], environment: [String: String], logFile: String
  ) throws(CmdopError) -> Int32 {
    var (null, log) = (CInt(-1), CInt(-1))
    var failure = chost_open("/dev/null", 0, &null)
    if failure == 0 { failure = chost_open(logFile, 1, &log) }
    defer { for descriptor in [null, log] where descriptor >= 0 { close(descriptor) } }
    guard failure == 0 else { throw systemError(failure, "cannot write \(logFile)") }
    var id: pid_t = 0
    failure = withCStrings([executable] + arguments) { words in
      withCStrings(environment.map { "\($0)=\($1)" }) { variables in
        chost_spawn(executable, words, variables, "/", [null, log, log], &id)
      }
    }
    guard failure == 0 else { throw systemError(failure, "cannot start \(executable)") }
    return id
  }
}
