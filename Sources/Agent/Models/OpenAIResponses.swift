import Core

/// OpenAI's Responses API. Nothing is kept at the provider: the whole conversation is sent each time, reasoning sealed in it.
struct OpenAIResponses: ModelCodec {
  static let format = "openai-responses"
  let path = "/responses"
  let model: String
  let effort: String?

  func body(_ request: ModelRequest) -> JSON {
    var body: [String: JSON] = [
      "model": .string(model), "stream": true, "store": false, "include": ["reasoning.encrypted_content"],
      "max_output_tokens": .integer(request.mostTokens), "input": .array(request.messages.flatMap(Self.items)),
    ]
    let system = [request.system.fixed, request.system.changing].filter { !$0.isEmpty }.joined(separator: "\n\n")
    if !system.isEmpty { body["instructions"] = .string(system) }
    if !request.tools.isEmpty {
      body["tools"] = .array(
        request.tools.map { tool in
          [
            "type": "function", "name": .string(WireName.of(tool.name)), "description": .string(tool.summary),
            "parameters": tool.input.json, "strict": false,
          ]
        })
    }
    if let effort { body["reasoning"] = ["effort": .string(effort)] }
    return .object(body)
  }

  private static func items(_ message: Message) -> [JSON] {
    var items: [JSON] = []
    var content: [JSON] = []
    for part in message.parts {
      switch part {
      case .text(let text) where message.author == .model:
        items.append(["role": "assistant", "content": .string(text)])
      case .text(let text): content.append(["type": "input_text", "text": .string(text)])
      case .image(let mediaType, let base64):
        content.append([
          "type": "input_image", "detail": "auto", "image_url": .string("data:\(mediaType);base64,\(base64)"),
        ])
      case .opaque(let format, let block): if format == Self.format { items.append(block) }
      case .toolCall(let id, let tool, let arguments, _):
        items.append([
          "type": "function_call", "call_id": .string(id), "name": .string(WireName.of(tool)),
          "arguments": .string(arguments.text),
        ])
      case .toolResult(let id, let text, let isError):
        items.append([
          "type": "function_call_output", "call_id": .string(id),
          "output": .string((isError ? "Error: " : "") + (text.isEmpty ? "(nothing)" : text)),
        ])
      }
    }
    if !content.isEmpty { items.append(["role": "user", "content": .array(content)]) }
    return items
  }

  func makeReader() -> any AnswerReader { Reader() }
}

// MARK: reading

extension OpenAIResponses {
  /// Items may come in any order and interleaved: each is known by its place in the output.
  struct Reader: AnswerReader {
    private struct Item {
      var item: JSON = [:]
      var isDone = false
      var text = ""
      var arguments = ""
    }

    private var items: [Int: Item] = [:]
    private var places: [String: Int] = [:]
    private var refusal = ""
    private var usage = ModelUsage()
    private var status: String?
    private var cutReason: String?

    var isComplete: Bool { status != nil }

    mutating func take(_ event: JSON) throws(StreamFault) -> [ModelDelta] {
      let place = place(of: event)
      let piece = event["delta"]?.string ?? ""
      switch event["type"]?.string {
      case "response.output_item.added": items[place, default: Item()].item = event["item"] ?? [:]
      case "response.output_item.done":
        items[place, default: Item()].item = event["item"] ?? [:]
        items[place]?.isDone = true
      case "response.output_text.delta":
        items[place, default: Item()].text += piece
        return piece.isEmpty ? [] : [.text(piece)]
      case "response.refusal.delta": refusal += piece
      case "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
        return piece.isEmpty ? [] : [.thinking(piece)]
      case "response.function_call_arguments.delta": items[place, default: Item()].arguments += piece
      case "response.function_call_arguments.done":
        if let whole = event["arguments"]?.string { items[place, default: Item()].arguments = whole }
      case "response.completed", "response.incomplete", "response.done": end(event["response"] ?? [:])
      case "response.failed": throw FaultReading.inStream(event["response"]?["error"] ?? [:])
      case "error": throw FaultReading.inStream(event["error"]?.object.map { .object($0) } ?? event)
      default: break
      }
      return []
    }

    private mutating func place(of event: JSON) -> Int {
      let id = event["item_id"]?.string ?? event["item"]?["id"]?.string
      let place = event["output_index"]?.integer ?? id.flatMap { places[$0] } ?? max(0, items.count - 1)
      if let id { places[id] = place }
      return min(max(place, 0), 1 << 20)
    }

    private mutating func end(_ response: JSON) {
      status = response["status"]?.string ?? "completed"
      cutReason = response["incomplete_details"]?["reason"]?.string
      let counts = response["usage"]
      let cached = tokens(counts?["input_tokens_details"]?["cached_tokens"])
      usage = ModelUsage(
        input: max(0, tokens(counts?["input_tokens"]) - cached), output: tokens(counts?["output_tokens"]),
        cacheRead: cached)
      // The last word, where it is said.
      for (place, item) in (response["output"]?.array ?? []).enumerated() where items[place]?.isDone != true {
        items[place, default: Item()].item = item
        items[place]?.isDone = item["status"]?.string != "incomplete"
      }
    }

    var answer: ModelAnswer {
      let isCut = cutReason == "max_output_tokens"
      var refusal = refusal
      var parts: [MessagePart] = []
      let order = items.keys.sorted()
      for place in order {
        guard let item = items[place] else { continue }
        switch item.item["type"]?.string {
        case "message", nil:
          let content = item.item["content"]?.array ?? []
          let text = content.compactMap { $0["type"]?.string == "output_text" ? $0["text"]?.string : nil }.joined()
          parts.append(.text(text.isEmpty ? item.text : text))
          if refusal.isEmpty { refusal = content.compactMap { $0["refusal"]?.string }.joined() }
        case "function_call":
          let whole = item.item["arguments"]?.string ?? ""
          let draft = CallDraft(
            id: item.item["call_id"]?.string ?? item.item["id"]?.string ?? "", tool: item.item["name"]?.string ?? "",
            arguments: whole.isEmpty ? item.arguments : whole)
          parts.append(draft.part(isCut: isCut && place == order.last))
        case "reasoning":
          // Without its seal it cannot be given back: nothing of it is stored there.
          if let sealed = item.item["encrypted_content"], !sealed.isNull {
            parts.append(.opaque(format: OpenAIResponses.format, block: Self.returnable(item.item)))
          }
        default: break
        }
      }
      let claimed: ModelAnswer.Stop =
        switch (status, cutReason) {
        case (_, "max_output_tokens"): .tooLong
        case (_, "content_filter"): .refused(reason: "the provider's filter stopped the answer")
        case _ where !refusal.isEmpty: .refused(reason: refusal)
        default: .finished
        }
      return ModelAnswer(parts: parts, claimed: claimed, usage: usage)
    }

    /// As input, an item has no status.
    private static func returnable(_ item: JSON) -> JSON {
      guard var members = item.object else { return item }
      members["status"] = nil
      return .object(members)
    }
  }
}
