public import Core
import Host

/// What a call leaves behind: work that goes on as a task, and texts that are read on later. Both belong to its conversation,
/// outside of one to its caller.
extension ToolBelt {
  /// From now on the call is a task, which `task_status` tells about and ends. Throws `limit` when too many run. `ends`: it is to
  /// end; may be called from anywhere and must not block.
  public nonisolated func handOver(
    _ call: ToolCall, ends: @escaping @Sendable () -> Void
  ) throws(CmdopError) -> TaskHandle {
    guard let shed else { throw CmdopError(.unsupported, "this machine keeps no tasks") }
    return try shed.tasks.add(
      tool: call.tool, title: Self.title(of: call), owner: TaskTable.Owner(of: call), ends: ends)
  }

  /// Keeps a text that is longer than its reader wants, for `read_file` with the id that comes back; nil: there is no room.
  public nonisolated func keep(_ text: String, of call: ToolCall) async -> String? {
    guard let shed else { return nil }
    return await shed.keep(text, owner: TaskTable.Owner(of: call))
  }

  /// "make test"; "glob {"pattern":"*"}".
  private nonisolated static func title(of call: ToolCall) -> String {
    let text = call.arguments["command"]?.string ?? "\(call.tool) \(call.arguments.text)"
    let line = OneLine.of(String(text.prefix(200)))
    return line.count < 200 ? line : line.prefix(199) + "…"
  }
}

extension ToolShed {
  fileprivate func keep(_ text: String, owner: TaskTable.Owner) async -> String? {
    let spools = spools
    let id = try? await files.run { () -> String? in
      guard let file = try? spools.make(owner: owner.text) else { return nil }
      var text = text
      text.withUTF8 { file.append(UnsafeRawBufferPointer($0)) }
      file.finish()
      return file.kept == text.utf8.count ? file.id : nil
    }
    return id ?? nil
  }
}
