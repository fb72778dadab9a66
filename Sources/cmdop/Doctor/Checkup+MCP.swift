import Core
import Host
import MCP

/// The Model Context Protocol: who starts us, and whom we start.
extension Checkup {
  func clients() -> [Finding] {
    var found: [Finding] = []
    var isAnywhere = false
    for client in ClientProgram.allCases {
      for inProject in [false, true] where !inProject || client.projectFile(in: "") != nil {
        do throws(CmdopError) {
          let file = try ClientSettingsFile(client, inProject: inProject)
          let entries = file.servers.filter { ServerEntry.isOurs($0.value) }.sorted { $0.key < $1.key }
          isAnywhere = isAnywhere || !entries.isEmpty
          if !entries.isEmpty, let trouble = file.trouble {
            found.append(Finding("mcp", .fail, trouble, hint: "ls -l \(ShellWord.quoted(file.path))"))
          }
          found += entries.map { judge($0.key, $0.value, file, inProject: inProject) }
        } catch {
          // Somebody else's file: that we cannot read it is no fault of ours.
          let print = "cmdop mcp install --client \(client.rawValue) --print"
          found.append(Finding("mcp", error, as: .warn, elsewhere: print))
        }
      }
    }
    if !isAnywhere {
      found.append(Finding("mcp", .ok, "no client starts cmdop", hint: "cmdop mcp install --client cursor"))
    }
    return found
  }

  private func judge(_ name: String, _ entry: JSON, _ file: ClientSettingsFile, inProject: Bool) -> Finding {
    let client = file.client
    let command = entry["command"]?.string ?? ""
    let place = "\"\(name)\" of \(client.title) (\(file.path))"
    var again = "cmdop mcp install --client \(client.rawValue) --force"
    if name != "cmdop" { again += " --name \(ShellWord.quoted(name))" }
    if inProject { again += " --project" }
    guard command.hasPrefix("/") else {
      return Finding(
        "mcp", .fail, "\(place) starts \(command): not an absolute path, which its PATH may not have", hint: again)
    }
    let there = LinkWalk.resolve(command).path
    guard let stamp = FileStamp(there), stamp.isRegular else {
      return Finding("mcp", .fail, "\(place) starts \(command), which is not there", hint: again)
    }
    guard stamp.mode & 0o111 != 0 else {
      return Finding(
        "mcp", .fail, "\(place) starts \(command), which cannot be run", hint: "chmod +x \(ShellWord.quoted(command))")
    }
    guard let own = try? OwnProgram.path(), LinkWalk.resolve(own).path == there else {
      return Finding("mcp", .warn, "\(place) starts another cmdop: \(command)", hint: again)
    }
    return Finding("mcp", .ok, "\(place) starts this program")
  }

  /// Servers whose tools our agent has.
  func otherServers() -> [Finding] {
    let file = ServersFile(home: home)
    let look = "cmdop mcp servers list"
    let book: ServerBook
    do throws(CmdopError) { book = try file.read() } catch {
      return [Finding("mcp servers", error, elsewhere: look)]
    }
    let status = (try? home.load(ServersStatusFile.self, home.otherServersStatus)) ?? nil
    let live =
      DaemonControl(home: home, options: options).pid.map(Int64.init) == status?.pid ? status?.servers ?? [] : []
    let findings = book.entries.map { entry in
      if case .bad(_, let error) = entry {
        return Finding("mcp servers", .fail, "\(entry.name) cannot be used: \(error.message)", hint: look)
      }
      guard let server = live.first(where: { $0.name == entry.name }), server.state == .failed else { return nil }
      return Finding(
        "mcp servers", .warn, "\(entry.name) has failed: \(server.why ?? "no reason known")",
        hint: "cmdop mcp servers test \(ShellWord.quoted(entry.name))")
    }.compactMap(\.self)
    if !findings.isEmpty || book.entries.isEmpty { return findings }
    return [Finding("mcp servers", .ok, "\(book.entries.count) in \(file.path)")]
  }
}
