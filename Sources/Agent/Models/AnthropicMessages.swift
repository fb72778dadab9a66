import Core

/// Anthropic's Messages API, also spoken by llama.cpp, Ollama and proxies.
struct AnthropicMessages: ModelCodec {
  static let format = "anthropic"
  let path = "/v1/messages"
  let model: String
  /// nil: as the provider has it.
  let effort: String?

  /// Equal conversations are equal bytes up to where they differ, so that the provider's cache can be used: keys are sorted,
  /// tools keep their order, and three marks say how far it is worth remembering (four are allowed).
  func body(_ request: ModelRequest) -> JSON {
    var body: [String: JSON] = [
      "model": .string(model), "max_tokens": .integer(request.mostTokens), "stream": true,
    ]
    var messages = request.messages.map { message -> JSON in
      [
        "role": message.author == .person ? "user" : "assistant",
        "content": .array(message.parts.compactMap(Self.block)),
      ]
    }
    if let last = messages.indices.last { messages[last] = Self.markingLastBlock(of: messages[last]) }
    body["messages"] = .array(messages)
    var system: [JSON] = []
    if !request.system.fixed.isEmpty {
      system.append(Self.marked(["type": "text", "text": .string(request.system.fixed)]))
    }
    if !request.system.changing.isEmpty {
      system.append(["type": "text", "text": .string(request.system.changing)])
    }
    if !system.isEmpty { body["system"] = .array(system) }
    if !request.tools.isEmpty {
      var tools = request.tools.map { tool -> JSON in
        [
          "name": .string(WireName.of(tool.name)), "description": .string(tool.summary),
          "input_schema": tool.input.json,
        ]
      }
      tools[tools.count - 1] = Self.marked(tools[tools.count - 1])
      body["tools"] = .array(tools)
    }
    if let effort { body["output_config"] = ["effort": .string(effort)] }
    return .object(body)
  }

  private static func block(_ part: MessagePart) -> JSON? {
    switch part {
    case .text(let text): return text.isEmpty ? .none : ["type": "text", "text": .string(text)]
    case .opaque(let format, let block): return format == Self.format ? .some(block) : .none
    case .toolCall(let id, let tool, let arguments, _):
      return ["type": "tool_use", "id": .string(id), "name": .string(WireName.of(tool)), "input": arguments]
    case .toolResult(let id, let text, let isError):
      var block: [String: JSON] = ["type": "tool_result", "tool_use_id": .string(id)]
      block["content"] = .string(text.isEmpty ? "(nothing)" : text)
      if isError { block["is_error"] = true }
      return .object(block)
    case .image(let mediaType, let base64):
      return [
        "type": "image", "source": ["type": "base64", "media_type": .string(mediaType), "data": .string(base64)],
      ]
    }
  }

  private static func marked(_ block: JSON) -> JSON {
    guard var members = block.object else { return block }
    members["cache_control"] = ["type": "ephemeral"]
    return .object(members)
  }

  private static func markingLastBlock(of message: JSON) -> JSON {
    guard var members = message.object, var blocks = members["content"]?.array, let last = blocks.popLast() else {
      return message
    }
    members["content"] = .array(blocks + [marked(last)])
    return .object(members)
  }

  func makeReader() -> any AnswerReader { Reader() }
}

// MARK: reading

extension AnthropicMessages {
  struct Reader: AnswerReader {
    private struct Block {
      var start: JSON
      var text = ""
      var signature = ""
      var input = ""
      var citations: [JSON] = []
    }

    private var blocks: [Int: Block] = [:]
    private var usage = ModelUsage()
    private var stop: String?
    private var hasEnded = false

    /// Some servers leave the last event out; the reason to stop comes last but one.
    var isComplete: Bool { hasEnded || stop != nil }

    mutating func take(_ event: JSON) throws(StreamFault) -> [ModelDelta] {
      let index = min(max(event["index"]?.integer ?? 0, 0), 1 << 20)
      switch event["type"]?.string {
      case "message_start": count(event["message"]?["usage"])
      case "content_block_start":
        let start = event["content_block"] ?? [:]
        blocks[index] = Block(start: start)
        // Whole blocks at once are allowed too.
        if start["type"]?.string == "text" {
          return take(["type": "text_delta", "text": start["text"] ?? ""], at: index)
        }
        if start["type"]?.string == "thinking" {
          blocks[index]?.signature = start["signature"]?.string ?? ""
          return take(["type": "thinking_delta", "thinking": start["thinking"] ?? ""], at: index)
        }
      case "content_block_delta": return take(event["delta"] ?? [:], at: index)
      case "message_delta":
        if let reason = event["delta"]?["stop_reason"]?.string { stop = reason }
        count(event["usage"])
      case "message_stop": hasEnded = true
      case "error": throw FaultReading.inStream(event["error"] ?? event)
      default: break
      }
      return []
    }

    private mutating func take(_ delta: JSON, at index: Int) -> [ModelDelta] {
      var block = blocks[index] ?? Block(start: ["type": "text"])
      defer { blocks[index] = block }
      switch delta["type"]?.string {
      case "text_delta":
        let piece = delta["text"]?.string ?? ""
        block.text += piece
        return piece.isEmpty ? [] : [.text(piece)]
      case "thinking_delta":
        let piece = delta["thinking"]?.string ?? ""
        block.text += piece
        return piece.isEmpty ? [] : [.thinking(piece)]
      case "signature_delta": block.signature += delta["signature"]?.string ?? ""
      case "input_json_delta": block.input += delta["partial_json"]?.string ?? ""
      case "citations_delta": if let citation = delta["citation"] { block.citations.append(citation) }
      default: break
      }
      return []
    }

    /// Later counts replace earlier ones: they are sums.
    private mutating func count(_ counts: JSON?) {
      if let counts = counts?["input_tokens"], !counts.isNull { usage.input = tokens(counts) }
      if let counts = counts?["output_tokens"], !counts.isNull { usage.output = tokens(counts) }
      if let counts = counts?["cache_read_input_tokens"], !counts.isNull { usage.cacheRead = tokens(counts) }
      if let counts = counts?["cache_creation_input_tokens"], !counts.isNull { usage.cacheWritten = tokens(counts) }
    }

    var answer: ModelAnswer {
      let order = blocks.keys.sorted()
      let parts = order.compactMap { index in
        blocks[index].map { Self.part($0, isCut: stop == "max_tokens" && index == order.last) }
      }
      let claimed: ModelAnswer.Stop =
        switch stop {
        case "tool_use": .toolCalls
        case "max_tokens": .tooLong
        case "pause_turn": .paused
        case "refusal": .refused(reason: "the model refused")
        case "model_context_window_exceeded": .windowFull
        default: .finished
        }
      return ModelAnswer(parts: parts, claimed: claimed, usage: usage)
    }

    private static func part(_ block: Block, isCut: Bool) -> MessagePart {
      var members = block.start.object ?? [:]
      switch block.start["type"]?.string {
      case "text": return .text(block.text)
      case "thinking":
        members["thinking"] = .string(block.text)
        members["signature"] = .string(block.signature)
      case "tool_use":
        let draft = CallDraft(
          id: block.start["id"]?.string ?? "", tool: block.start["name"]?.string ?? "",
          arguments: block.input.isEmpty
            ? block.start["input"].flatMap { $0 == [:] || $0.isNull ? nil : $0.text } ?? "" : block.input)
        return draft.part(isCut: isCut)
      default:
        if !block.input.isEmpty, let input = try? JSON(parsing: block.input) { members["input"] = input }
        if !block.text.isEmpty { members["text"] = .string(block.text) }
      }
      return .opaque(format: AnthropicMessages.format, block: .object(members))
    }
  }
}
