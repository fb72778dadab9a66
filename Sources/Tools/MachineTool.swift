public import Core
public import Host

/// Something that can be asked of this machine. Whoever calls it has judged the call (ToolBelt): it only acts, and acts on
/// paths through what was checked, never by their text again.
public protocol MachineTool: Sendable {
  var definition: ToolDefinition { get }
  /// Cancelling the task ends what it has started. Throws when it could not be done at all; a command that failed, or a file
  /// that is not there, is an outcome with `isError`.
  func call(_ judged: JudgedCall) async throws(CmdopError) -> ToolOutcome
}

/// A call with its paths resolved: the rules look at them, and the tool acts through them.
public struct JudgedCall: Sendable {
  public let call: ToolCall
  /// By gated argument that is a path; for an array one each, in its order.
  public let paths: [String: [CheckedPath]]
  /// Where the call's relative paths begin: its `cwd`, else the conversation's directory.
  public let directory: CheckedPath
  /// Whether a tool that looks below a judged directory may look at this resolved path too. Whoever judges sets it: a search
  /// that was allowed for a home directory must not open the keys in it.
  public var mayReach: @Sendable (_ resolved: String) -> Bool = { _ in true }

  public init(call: ToolCall, paths: [String: [CheckedPath]], directory: CheckedPath) {
    (self.call, self.paths, self.directory) = (call, paths, directory)
  }

  /// Resolves `cwd` first, then every path that the definition gates in this call's operation. `directory`: absolute. Waits for
  /// the disk.
  public static func check(
    _ call: ToolCall, _ definition: ToolDefinition, directory: String, home: String
  ) throws(CmdopError) -> JudgedCall {
    let gated = definition.gate.arguments
    let operation = gated.first { $0.kind == .operation }.flatMap { call.arguments[$0.name]?.string }
    let counting = gated.filter { $0.operations.isEmpty || operation.map($0.operations.contains) == true }
    var begin = try CheckedPath(directory, in: "/", home: home)
    var paths: [String: [CheckedPath]] = [:]
    for argument in counting.sorted(by: { a, _ in a.name == "cwd" }) {
      guard case .path = argument.kind else { continue }
      let value = call.arguments[argument.name]
      let texts = value?.string.map { [$0] } ?? value?.strings ?? argument.fallback.map { [$0] } ?? []
      var checked: [CheckedPath] = []
      for text in texts { checked.append(try CheckedPath(text, in: begin.resolved, home: home)) }
      paths[argument.name] = checked
      if argument.name == "cwd", let first = checked.first { begin = first }
    }
    return JudgedCall(call: call, paths: paths, directory: begin)
  }

  /// The one path of that name. Throws `badUsage` where there is none: the schema asks for it.
  func path(_ name: String) throws(CmdopError) -> CheckedPath {
    guard let path = paths[name]?.first else { throw CmdopError(.badUsage, "\(name) is missing") }
    return path
  }

  subscript(name: String) -> JSON? { call.arguments[name] }
}

extension SlowWork {
  /// The same for what takes long: `body` asks now and then whether it shall go on.
  func attempt<T: Sendable>(
    until cancellation: Cancellation, _ body: @escaping @Sendable () throws(CmdopError) -> T
  ) async throws(CmdopError) -> T {
    let result = await withTaskCancellationHandler { () -> Result<T, CmdopError> in
      do throws(CmdopError) { return .success(try await attempt(body)) } catch { return .failure(error) }
    } onCancel: {
      cancellation.cancel()
    }
    return try result.get()
  }
}

extension ToolOutcome {
  /// It could not be done: the model reads why, and how to mend it.
  static func failure(_ error: CmdopError) -> ToolOutcome {
    ToolOutcome(error.message + (error.hint.map { "\n\($0)" } ?? ""), isError: true, code: error.code)
  }
}
