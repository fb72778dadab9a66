import Agent
import Connect
import Core
import Host
import Permission
import Tools
import Wire

/// Looks at everything that must be right for this machine to work. Changes nothing.
struct Checkup {
  let options: GlobalOptions
  let home: Home

  /// A relay that says nothing for so long is as good as none.
  static let patience = Duration.seconds(10)

  func findings() async -> [Finding] {
    var all = [program(), folder()] + files()
    if FileStamp(place) != nil { all += daemon() }
    all.append(await signIn())
    all.append(permissions())
    all.append(await agent())
    return all + clients() + otherServers()
  }

  /// The home, links followed.
  private var place: String { LinkWalk.resolve(home.path).path }

  // MARK: this program

  private func program() -> Finding {
    do throws(CmdopError) {
      let path = try OwnProgram.path()
      let version = "\(path), version \(CmdopVersion.program)"
      guard Processes.ownExecutable(argument: CommandLine.arguments[0]) == path || !Self.isReplaced else {
        return Finding("program", .warn, "\(version), was just replaced by another one", hint: "cmdop version")
      }
      return Finding("program", .ok, version)
    } catch { return Finding("program", error, elsewhere: "cmdop version") }
  }

  private static var isReplaced: Bool {
    Processes.ownExecutable(argument: CommandLine.arguments[0]).hasSuffix(" (deleted)")
  }

  // MARK: files

  private func folder() -> Finding {
    guard let stamp = FileStamp(place) else {
      return Finding("home", .warn, "\(home.path) is not there yet", hint: options.joinKeyHint)
    }
    guard stamp.isOwn else { return Finding("home", .fail, "\(home.path) belongs to another user", hint: ls(place)) }
    guard stamp.mode & 0o077 == 0 else {
      return Finding(
        "home", .fail, "\(home.path) is open to others (mode \(String(stamp.mode, radix: 8)))",
        hint: "chmod 700 \(ShellWord.quoted(place))")
    }
    return Finding("home", .ok, home.path)
  }

  private func files() -> [Finding] {
    let secret = [
      home.identity, home.credentials, home.enrollment, home.pin, home.agentEnvironment, home.permissions,
      home.mcpToken, home.otherServers, home.database, home.relayDatabase, home.relayKey, home.relayJoinSecret,
      home.relayToken,
    ]
    return secret.compactMap { file in
      guard let stamp = FileStamp(LinkWalk.resolve(file).path) else { return nil }
      if !stamp.isOwn { return Finding("files", .fail, "\(file) belongs to another user", hint: ls(file)) }
      if stamp.mode & 0o077 == 0 { return nil }
      return Finding(
        "files", .fail, "\(file) is open to others (mode \(String(stamp.mode, radix: 8)))",
        hint: "chmod 600 \(ShellWord.quoted(file))")
    }
  }

  private func ls(_ path: String) -> String { "ls -ld \(ShellWord.quoted(path))" }

  // MARK: the daemon and its relay

  private func daemon() -> [Finding] {
    let enrollment: Enrollment?
    let view: DaemonView
    do throws(CmdopError) {
      enrollment = try Enrollment.load(home)
      view = try DaemonControl(home: home, options: options).look()
    } catch { return [Finding("daemon", error, elsewhere: "cmdop agent logs")] }
    return [running(view, isJoined: enrollment != nil), fleet(view, enrollment)].compactMap { $0 }
  }

  private func running(_ view: DaemonView, isJoined: Bool) -> Finding {
    if view.verdict == .offline {
      return Finding("daemon", isJoined ? .fail : .warn, "it does not run", hint: "cmdop agent start")
    }
    guard let status = view.status else {
      return Finding("daemon", .warn, "it is just starting", hint: "cmdop agent status --wait")
    }
    if wallClock() - status.updatedAtMs > 30_000 {
      return Finding("daemon", .fail, view.trouble ?? "it does not report", hint: "cmdop agent restart")
    }
    guard status.version == CmdopVersion.program else {
      return Finding(
        "daemon", .warn, "it is version \(status.version), this program is \(CmdopVersion.program)",
        hint: "cmdop agent restart")
    }
    return Finding("daemon", .ok, "runs as process \(status.pid)")
  }

  private func fleet(_ view: DaemonView, _ enrollment: Enrollment?) -> Finding? {
    guard let enrollment else {
      return Finding("fleet", .warn, "this machine belongs to no fleet", hint: options.joinKeyHint)
    }
    let name = "\(enrollment.hostname) of fleet \(enrollment.fleetName)"
    if view.verdict == .offline { return nil }
    if view.verdict == .online {
      return Finding("fleet", .ok, "\(name), connected to \(view.status?.relay ?? "its relay")")
    }
    return Finding(
      "fleet", .fail, "\(name) is not connected: \(view.trouble ?? "no reason known")", hint: "cmdop agent logs")
  }

  private func signIn() async -> Finding {
    let choice: RelayChoice
    do { choice = try options.choice() } catch { return Finding("sign-in", error, elsewhere: "cmdop auth status") }
    guard let relay = choice.addresses.first else {
      return Finding("sign-in", .warn, "no relay is known here", hint: "cmdop login --help")
    }
    let again = "cmdop login '\(relay.spoken)'"
    switch choice.credential {
    case .none: return Finding("sign-in", .warn, "nobody is signed in at \(relay.hostAndPort)", hint: again)
    case .login(let login) where login.isOver(now: wallClock()):
      return Finding("sign-in", .fail, "the sign-in at \(relay.hostAndPort) has ended", hint: again)
    case .login, .token: break
    }
    do throws(CmdopError) {
      let me = try await whoAmI()
      var text = "\(me.caller.subject), \(me.caller.role) of fleet \(me.fleetName) at \(relay.hostAndPort)"
      if case .login(let login) = choice.credential, login.refreshExpiresAt != 0 {
        text += ", until \(TimeText.at(login.refreshExpiresAt))"
      } else if me.expiresAtMs != 0 {
        text += ", until \(TimeText.at(me.expiresAtMs))"
      }
      return Finding("sign-in", .ok, text)
    } catch { return Finding("sign-in", error, elsewhere: "cmdop auth status") }
  }

  private func whoAmI() async throws(CmdopError) -> Cmdop_V1_WhoAmIReply {
    let reach = try await options.reach()
    let answer = await withTaskGroup(of: Result<Cmdop_V1_WhoAmIReply, CmdopError>?.self) { group in
      group.addTask {
        do throws(CmdopError) { return .success(try await RelayClient(reach).whoAmI()) } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: Self.patience)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
    await reach.close()
    guard let answer else {
      throw CmdopError(.timeout, "the relay did not answer within \(Span(Self.patience))", hint: "cmdop auth status")
    }
    return try answer.get()
  }

  // MARK: rules and models

  private func permissions() -> Finding {
    let file = PolicyFile(path: home.permissions)
    if let fault = file.fault { return Finding("permissions", fault, elsewhere: "cmdop permissions list") }
    let policy = file.policy
    let names = Set(((try? Explanation.definitions()) ?? []).map(\.name))
    for rule in policy.rules {
      guard let name = Explanation.unknownTool(rule, names) else { continue }
      return Finding(
        "permissions", .warn, "there is no tool \"\(name)\": \(rule.action.rawValue) \(rule.text) is about nothing",
        hint: "cmdop permissions revoke \(ShellWord.quoted(rule.text))")
    }
    return Finding("permissions", .ok, "\(policy.rules.count) rules, mode \(policy.mode.rawValue)")
  }

  private func agent() async -> Finding {
    do throws(CmdopError) {
      let settings = try AgentSettings(home: home)
      let variables = try AgentEnvironment.load(home, daemon: Processes.environment)
      let models = HTTPModels(
        ModelEnvironment(file: home.agentEnvironment) { variables[$0] }, catalogue: settings.catalogue,
        time: AgentTime(wall: { wallClock() }))
      let name: Result<String, CmdopError>
      do throws(CmdopError) { name = .success(try models.model(nil).name) } catch { name = .failure(error) }
      await models.close()
      switch name {
      case .success(let name): return Finding("agent", .ok, "its model is \(name)")
      // Terminals, commands and files need none.
      case .failure(let error): return Finding("agent", error, as: .warn, elsewhere: "cmdop chat --help")
      }
    } catch { return Finding("agent", error, elsewhere: "cmdop chat --help") }
  }
}
