import Core

/// What a call of another server's tool has given, as an outcome: words joined, everything else described, all of it bounded
/// and without control characters.
enum CallReading {
  /// Of the text and of the data, in bytes each.
  static let most = 64 * 1024
  private static let mostParts = 1000

  static func outcome(_ result: JSON, of tool: OfferedTool) -> ToolOutcome {
    if result["resultType"]?.string == "input_required" {
      return ToolOutcome(
        "the server wants to ask a person something before it goes on, which cannot be done here", isError: true)
    }
    let isError = result["isError"]?.bool ?? false
    var (notes, parts): ([String], [String]) = ([], [])
    let content = result["content"]?.array ?? []
    for part in content.prefix(mostParts) { parts.append(words(part)) }
    if content.count > mostParts { notes.append("[\(content.count - mostParts) more parts left out]") }
    var value: JSON?
    if let data = result["structuredContent"], !data.isNull {
      value = accepted(data, tool, isError, &notes)
      if content.isEmpty { parts.append(data.text) }
    }
    var text = HeadAndTail.of(ControlStripper.text(parts.joined(separator: "\n")), most: most)
    if text.isEmpty { text = "(the tool gave nothing)" }
    return ToolOutcome(([text] + notes).joined(separator: "\n"), value: value, isError: isError)
  }

  /// Only what is as it was declared: others rely on the declaration.
  private static func accepted(
    _ data: JSON, _ tool: OfferedTool, _ isError: Bool, _ notes: inout [String]
  ) -> JSON? {
    guard ServerMessage.depth(data) <= ServerMessage.deepestInside, data.bytes.count <= most else {
      notes.append("[its data was left out: it has more than \(most / 1024) KiB, or is nested too deep]")
      return nil
    }
    switch (tool.output ?? tool.definition.output).verdict(on: data) {
    case .fits where !isError: return data
    case .tooCostly:
      notes.append("[its data was left out: whether it is what the server declared is too costly to check]")
    case .faults(let faults) where !isError:
      let fault = OneLine.of((faults.first ?? "").cut(200))
      notes.append("[its data was left out: it is not what the server declared: \(fault)]")
    case .fits, .faults: break
    }
    return nil
  }

  private static func words(_ part: JSON) -> String {
    func line(_ member: String) -> String? {
      part[member]?.string.map { OneLine.of($0.cut(300)) }
    }
    switch part["type"]?.string {
    case "text": return part["text"]?.string ?? ""
    case "image", "audio":
      return "[\(line("mimeType") ?? "unknown"), \(size(ofBase64: part["data"]?.string ?? ""))]"
    case "resource_link": return "[link: \(line("uri") ?? "")\(line("name").map { ", \($0)" } ?? "")]"
    case "resource":
      let resource = part["resource"] ?? [:]
      let type = resource["mimeType"]?.string.map { ", " + OneLine.of($0.cut(100)) } ?? ""
      let uri = OneLine.of((resource["uri"]?.string ?? "").cut(300))
      if let text = resource["text"]?.string { return "[\(uri)\(type)]\n\(text)" }
      return "[\(uri)\(type), \(size(ofBase64: resource["blob"]?.string ?? ""))]"
    default: return "[something of an unknown kind]"
    }
  }

  /// "12 kB".
  private static func size(ofBase64 text: String) -> String {
    let bytes = text.utf8.count / 4 * 3
    return switch bytes {
    case ..<1000: "\(bytes) bytes"
    case ..<1_000_000: "\((bytes + 500) / 1000) kB"
    default: "\((bytes + 500_000) / 1_000_000) MB"
    }
  }
}
