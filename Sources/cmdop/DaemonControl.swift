import Core
import FoundationEssentials
import Host
import Logging

/// What a user is told about the daemon.
struct DaemonView: Encodable {
  enum Verdict: String, Encodable {
    case online = "ONLINE"
    case degraded = "DEGRADED"
    case starting = "STARTING"
    case offline = "OFFLINE"
  }
  var verdict: Verdict
  var pid: Int64?
  var trouble: String?
  var hint: String?
  var status: DaemonStatusFile?
}

/// Starts, stops and looks at the daemon of a home from outside.
struct DaemonControl {
  let home: Home
  let options: GlobalOptions

  /// The running daemon's process id.
  var pid: Int32? { InstanceLock.holder(of: home.pidFile) }

  /// ONLINE: it runs, its status is fresher than 30 s, and it is registered at its relay.
  func look() throws(CmdopError) -> DaemonView {
    guard let pid else {
      return DaemonView(verdict: .offline, trouble: "no daemon runs in \(home.path)", hint: "cmdop agent start")
    }
    // A damaged one is as good as none: the daemon writes it again within seconds.
    guard let status = try? home.load(DaemonStatusFile.self, home.status), status.pid == Int64(pid) else {
      return DaemonView(verdict: .starting, pid: Int64(pid))
    }
    if wallClock() - status.updatedAtMs > 30_000 {
      return DaemonView(
        verdict: .degraded, pid: status.pid, trouble: "the daemon has not reported for 30 s", status: status)
    }
    if status.connectedSinceMs > 0 { return DaemonView(verdict: .online, pid: status.pid, status: status) }
    let isYoung = wallClock() - status.startedAtMs < 3000 && status.trouble == "starting"
    // The daemon is older than the enrolment.
    if status.machineID.isEmpty, PrivateFiles.size(home.enrollment) != nil {
      return DaemonView(
        verdict: .degraded, pid: status.pid, trouble: "the daemon runs since before this machine joined its fleet",
        hint: "cmdop agent restart", status: status)
    }
    return DaemonView(
      verdict: isYoung ? .starting : .degraded, pid: status.pid, trouble: status.trouble, status: status)
  }

  /// Starts it in the background and waits until it has said how it is: at most 10 s. `more`: words for it.
  func start(_ more: [String] = []) async throws -> DaemonView {
    if let pid {
      throw CmdopError(
        .exists, "a daemon runs in this home already (pid \(pid))",
        hint: (["cmdop agent restart"] + more).joined(separator: " "))
    }
    try home.prepare()
    let arguments =
      [
        "agent", "start", "--background-child", "--home", home.path, "--log-level", try options.level().rawValue,
      ] + more
    let child = try Processes.startInBackground(
      Processes.ownExecutable(argument: CommandLine.arguments[0]), arguments, environment: Processes.environment,
      logFile: home.path + "/logs/agent.stderr")
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      let view = try look()
      // Up, and either registered or able to say why it is not.
      if view.status != nil, view.verdict == .online || view.verdict == .degraded { return view }
      if !Processes.childRuns(child) && pid == nil { throw try lastWords() }
      try await Task.sleep(for: .milliseconds(20))
    }
    return try look()
  }

  /// Why a daemon ended as it started: what it said last.
  private func lastWords() throws(CmdopError) -> CmdopError {
    let words = try PrivateFiles.read(home.path + "/logs/agent.stderr", limit: 10_000_000) ?? []
    let lines = String(decoding: words, as: UTF8.self).split(separator: "\n")
    let last = lines.lastIndex { $0.hasPrefix("error: ") }
    let hint = last.flatMap { $0 + 1 < lines.count ? lines[$0 + 1] : nil }.flatMap { $0.hasPrefix("try: ") ? $0 : nil }
    return CmdopError(
      .internalError, "the daemon ended as it started: \(last.map { lines[$0].dropFirst(7) } ?? "see its log")",
      hint: hint.map { String($0.dropFirst(5)) } ?? "cmdop agent logs")
  }

  /// Asks it to end and waits; after 15 s it is ended forcibly.
  func stop() async throws -> Int32 {
    guard let pid else {
      throw CmdopError(.wrongState, "no daemon runs in \(home.path)", hint: "cmdop agent start")
    }
    Processes.end(pid)
    let deadline = ContinuousClock.now + .seconds(15)
    while self.pid == pid {
      if ContinuousClock.now > deadline { Processes.end(pid, forcibly: true) }
      try await Task.sleep(for: .milliseconds(20))
    }
    return pid
  }
}
