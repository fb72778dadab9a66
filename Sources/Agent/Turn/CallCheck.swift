import Core

/// Whether a call can be made at all, before anybody is asked whether it may.
enum CallCheck {
  enum Verdict {
    case run(ToolDefinition)
    /// `text`: for the model, how to mend it.
    case refuse(why: String, text: String)
  }

  static func judge(
    _ call: ProposedCall, tools: [ToolDefinition], isPlan: Bool, wasCut: Bool, place: Int, most: Int
  ) -> Verdict {
    guard place < most else {
      return .refuse(
        why: "invalid", text: "not run: at most \(most) calls fit into one answer. Make the others again, later.")
    }
    guard let tool = WireName.tool(call.tool, among: tools) else {
      let names = tools.map { WireName.of($0.name) }.joined(separator: ", ")
      return .refuse(
        why: "unknown_tool",
        text:
          "there is no tool \"\(OneLine.of(String(call.tool.prefix(100))))\". There are: \(names.isEmpty ? "none" : names)."
      )
    }
    if let broken = call.broken {
      let text =
        wasCut
        ? "not run: your answer was cut off at its limit in the middle of this call. Make it again with less in it, in several steps where it is long."
        : "not run: the arguments are no JSON object of at most \(JSON.deepestInside) levels: \(Clipped.text(OneLine.of(broken), to: 300)). Send one that fits this schema: \(Clipped.text(tool.input.json.text, to: 2000))"
      return .refuse(why: "invalid", text: text)
    }
    let faults = tool.input.faults(of: call.arguments)
    guard faults.isEmpty else {
      return .refuse(
        why: "invalid",
        text: "not run: the arguments do not fit.\n- \(faults.joined(separator: "\n- "))\nMend them and call again.")
    }
    if isPlan && !tool.traits.isReadOnly {
      return .refuse(
        why: "plan",
        text:
          "not run: in plan mode only tools that change nothing can be called, and \(tool.name) may change something.")
    }
    return .run(tool)
  }
}
