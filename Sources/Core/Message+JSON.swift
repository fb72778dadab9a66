// Messages as they are stored and shown. Words once written stay.

extension MessagePart {
  public var json: JSON {
    switch self {
    case .text(let text): ["type": "text", "text": .string(text)]
    case .opaque(let format, let block): ["type": "opaque", "format": .string(format), "block": block]
    case .toolCall(let id, let tool, let arguments, nil):
      ["type": "tool_call", "id": .string(id), "tool": .string(tool), "arguments": arguments]
    case .toolCall(let id, let tool, let arguments, let broken?):
      [
        "type": "tool_call", "id": .string(id), "tool": .string(tool), "arguments": arguments,
        "broken": .string(broken),
      ]
    case .toolResult(let id, let text, let isError):
      ["type": "tool_result", "id": .string(id), "text": .string(text), "is_error": .bool(isError)]
    case .image(let mediaType, let base64):
      ["type": "image", "media_type": .string(mediaType), "base64": .string(base64)]
    }
  }

  /// nil for what is no part: what was read back was written by us, but files can rot.
  public init?(_ json: JSON) {
    func text(_ name: String) -> String { json[name]?.string ?? "" }
    switch json["type"]?.string {
    case "text": self = .text(text("text"))
    case "opaque": self = .opaque(format: text("format"), block: json["block"] ?? .null)
    case "tool_call":
      self = .toolCall(
        id: text("id"), tool: text("tool"), arguments: json["arguments"] ?? [:], broken: json["broken"]?.string)
    case "tool_result":
      self = .toolResult(id: text("id"), text: text("text"), isError: json["is_error"]?.bool ?? false)
    case "image": self = .image(mediaType: text("media_type"), base64: text("base64"))
    default: return nil
    }
  }
}

extension ModelUsage {
  public var json: JSON {
    [
      "input": .integer(input), "output": .integer(output), "cache_read": .integer(cacheRead),
      "cache_written": .integer(cacheWritten),
    ]
  }

  public init(_ json: JSON?) {
    func count(_ name: String) -> Int { max(0, json?[name]?.integer ?? 0) }
    self.init(
      input: count("input"), output: count("output"), cacheRead: count("cache_read"),
      cacheWritten: count("cache_written"))
  }

  public static func += (sum: inout ModelUsage, more: ModelUsage) {
    // Counts come from outside: they must not be able to stop the program.
    func add(_ one: Int, _ two: Int) -> Int { min(one, 1 << 50) + min(max(two, 0), 1 << 50) }
    sum.input = add(sum.input, more.input)
    sum.output = add(sum.output, more.output)
    sum.cacheRead = add(sum.cacheRead, more.cacheRead)
    sum.cacheWritten = add(sum.cacheWritten, more.cacheWritten)
  }
}
