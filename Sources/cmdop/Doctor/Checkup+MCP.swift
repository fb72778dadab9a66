import Core
import Host

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

  /// Servers whose tools our agent has; nil: there are none.
  func otherServers() -> Finding? {
    let path = home.path + "/mcp.json"
    do throws(CmdopError) {
      guard let bytes = try PrivateFiles.read(path, limit: 1024 * 1024) else { return nil }
      let document: JSONCText
      do throws(CmdopError) { document = try JSONCText(bytes) } catch {
        throw CmdopError(error.code, "\(path): \(error.message)", hint: "mv \(path) \(path).broken")
      }
      guard let servers = document.value["mcpServers"]?.object else {
        throw CmdopError(.badUsage, "\(path) has no object \"mcpServers\"", hint: "mv \(path) \(path).broken")
      }
      return Finding("mcp servers", .ok, "\(servers.count) in \(path)")
    } catch { return Finding("mcp servers", error, elsewhere: "ls -l \(ShellWord.quoted(path))") }
  }
}
