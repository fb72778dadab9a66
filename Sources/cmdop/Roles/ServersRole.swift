import Core
import Host
import Logging
import MCP

/// The MCP servers of others while the daemon runs: what mcp.json names, as soon as it names it, and a file that says how
/// they are.
@Loop
final class ServersRole: Sendable {
  nonisolated let servers: OtherServers
  private nonisolated let file: ServersFile
  private nonisolated let log: Logger
  private let change = Turnstile()
  private var isStale = true
  private var fault: CmdopError?

  init(_ servers: OtherServers, home: Home, log: Logger) {
    (self.servers, self.file, self.log) = (servers, ServersFile(home: home), log)
  }

  /// Until its task is cancelled; then no server runs any more.
  func run() async {
    servers.whenChanged = { [weak self] in
      self?.isStale = true
      self?.change.wake()
    }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.servers.run() }
      group.addTask { await self.follow() }
      group.addTask { await self.report() }
      await group.waitForAll()
    }
    PrivateFiles.remove(file.home.otherServersStatus)
  }

  /// Looks every two seconds. What the file says of a refused kind changes nothing.
  private func follow() async {
    var known: FileStamp??
    while !Task.isCancelled {
      let stamp = FileStamp(file.path)
      if known != .some(stamp) {
        known = .some(stamp)
        do throws(CmdopError) {
          let book = try file.read()
          fault = nil
          servers.use(book)
        } catch {
          fault = error
          log.error("mcp.json is refused", metadata: ["why": "\(error.message)"])
        }
        isStale = true
        change.wake()
      }
      try? await Task.sleep(for: .seconds(2))
    }
  }

  private func report() async {
    while !Task.isCancelled {
      isStale = false
      let status = ServersStatusFile(
        pid: Int64(Processes.ownID), updatedAtMs: wallClock(), fault: fault?.message, servers: servers.status)
      // A full disk must not end the daemon.
      try? file.home.save(status, file.home.otherServersStatus, isSynced: false)
      // Servers that come and go quickly are written down a few times a second.
      try? await Task.sleep(for: .milliseconds(200))
      try? await change.wait { isStale }
    }
  }
}

extension DaemonRole {
  func makeServers(_ account: UserAccount, _ poster: any HTTPPoster, log: Logger) async -> ServersRole {
    let means = ServerMeans(
      home: home, account: account, environment: baseEnvironment, children: childEnvironment, poster: poster
    ) { server, text, isTrouble in
      log.log(
        level: isTrouble ? .warning : .info, "MCP server",
        metadata: ["server": "\(server)", "said": "\(OneLine.of(text))"])
    }
    return await ServersRole(OtherServers(means), home: home, log: log)
  }
}
