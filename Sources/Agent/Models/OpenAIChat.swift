import Core

/// OpenAI's Chat Completions, the language of nearly all local servers.
struct OpenAIChat: ModelCodec {
  static let format = "openai-chat"
  let path = "/chat/completions"
  let model: String
  let effort: String?

  func body(_ request: ModelRequest) -> JSON {
    var messages: [JSON] = []
    let system = [request.system.fixed, request.system.changing].filter { !$0.isEmpty }.joined(separator: "\n\n")
    if !system.isEmpty { messages.append(["role": "system", "content": .string(system)]) }
    for message in request.messages {
      messages += message.author == .person ? Self.person(message.parts) : Self.model(message.parts)
    }
    var body: [String: JSON] = [
      "model": .string(model), "messages": .array(messages), "stream": true,
      "stream_options": ["include_usage": true], "max_completion_tokens": .integer(request.mostTokens),
    ]
    if !request.tools.isEmpty {
      body["tools"] = .array(
        request.tools.map { tool in
          [
            "type": "function",
            "function": [
              "name": .string(WireName.of(tool.name)), "description": .string(tool.summary),
              "parameters": tool.input.json,
            ],
          ]
        })
    }
    if let effort { body["reasoning_effort"] = .string(effort) }
    return .object(body)
  }

  /// Results are messages of their own and stand right behind the calls.
  private static func person(_ parts: [MessagePart]) -> [JSON] {
    var messages: [JSON] = []
    var content: [JSON] = []
    for part in parts {
      switch part {
      case .toolResult(let id, let text, let isError):
        messages.append([
          "role": "tool", "tool_call_id": .string(id),
          "content": .string((isError ? "Error: " : "") + (text.isEmpty ? "(nothing)" : text)),
        ])
      case .text(let text): content.append(["type": "text", "text": .string(text)])
      case .image(let mediaType, let base64):
        content.append(["type": "image_url", "image_url": ["url": .string("data:\(mediaType);base64,\(base64)")]])
      case .opaque, .toolCall: break
      }
    }
    guard !content.isEmpty else { return messages }
    // Text alone as a string: there are servers that know no lists.
    let texts = content.compactMap { $0["text"]?.string }
    let whole: JSON = texts.count == content.count ? .string(texts.joined(separator: "\n\n")) : .array(content)
    return messages + [["role": "user", "content": whole]]
  }

  private static func model(_ parts: [MessagePart]) -> [JSON] {
    var text = ""
    var calls: [JSON] = []
    for part in parts {
      switch part {
      case .text(let piece): text += piece
      case .toolCall(let id, let tool, let arguments, _):
        calls.append([
          "id": .string(id), "type": "function",
          "function": ["name": .string(WireName.of(tool)), "arguments": .string(arguments.text)],
        ])
      default: break
      }
    }
    if text.isEmpty && calls.isEmpty { return [] }
    var message: [String: JSON] = ["role": "assistant"]
    message["content"] = text.isEmpty ? .null : .string(text)
    if !calls.isEmpty { message["tool_calls"] = .array(calls) }
    return [.object(message)]
  }

  func makeReader() -> any AnswerReader { Reader() }
}

// MARK: reading

extension OpenAIChat {
  struct Reader: AnswerReader {
    private var text = ""
    private var refusal = ""
    private var calls: [(index: Int, draft: CallDraft)] = []
    private var usage = ModelUsage()
    private var finish: String?

    /// What comes behind the reason to stop is only the bill, and some send none.
    var isComplete: Bool { finish != nil }

    mutating func take(_ event: JSON) throws(StreamFault) -> [ModelDelta] {
      if let error = event["error"], !error.isNull { throw FaultReading.inStream(error) }
      if let counts = event["usage"], counts.object != nil {
        let cached = tokens(counts["prompt_tokens_details"]?["cached_tokens"])
        usage.input = max(0, tokens(counts["prompt_tokens"]) - cached)
        usage.cacheRead = cached
        usage.output = tokens(counts["completion_tokens"])
      }
      guard let choice = event["choices"]?.array?.first else { return [] }
      var deltas: [ModelDelta] = []
      // "message" is what servers send that do not stream, in one event.
      let delta = choice["delta"]?.object.map { JSON.object($0) } ?? choice["message"] ?? [:]
      if let piece = (delta["reasoning_content"] ?? delta["reasoning"])?.string, !piece.isEmpty {
        deltas.append(.thinking(piece))
      }
      if let piece = delta["content"]?.string, !piece.isEmpty {
        text += piece
        deltas.append(.text(piece))
      }
      if let piece = delta["refusal"]?.string { refusal += piece }
      for call in delta["tool_calls"]?.array ?? [] { take(call: call) }
      if let reason = choice["finish_reason"]?.string { finish = reason }
      return deltas
    }

    /// Pieces of a call carry its index; from servers without indices, or with the same one for all, a new id or a new name
    /// begins a new call.
    private mutating func take(call: JSON) {
      let id = call["id"]?.string ?? ""
      let name = call["function"]?["name"]?.string ?? ""
      let arguments = call["function"]?["arguments"]
      let piece = arguments?.string ?? arguments?.object.map { JSON.object($0).text } ?? ""
      let index = call["index"]?.integer
      let known = calls.lastIndex { index == nil || $0.index == index }
      if let known {
        let draft = calls[known].draft
        let isOther = !id.isEmpty && !draft.id.isEmpty && id != draft.id && !name.isEmpty
        let isNext = index == nil && !name.isEmpty && !draft.tool.isEmpty && !draft.arguments.isEmpty
        if !isOther && !isNext {
          if draft.id.isEmpty { calls[known].draft.id = id }
          // Names come whole or in pieces; some servers repeat the whole one.
          if !name.isEmpty && draft.tool != name { calls[known].draft.tool += name }
          calls[known].draft.arguments += piece
          return
        }
      }
      guard calls.count < 256 else { return }
      calls.append((index ?? calls.count, CallDraft(id: id, tool: name, arguments: piece)))
    }

    var answer: ModelAnswer {
      let isCut = finish == "length"
      var parts: [MessagePart] = [.text(text)]
      for (place, call) in calls.enumerated() {
        parts.append(call.draft.part(isCut: isCut && place == calls.count - 1))
      }
      let claimed: ModelAnswer.Stop =
        switch finish {
        case "length": .tooLong
        case "content_filter": .refused(reason: "the provider's filter stopped the answer")
        case _ where !refusal.isEmpty: .refused(reason: refusal)
        case "tool_calls", "function_call": .toolCalls
        default: .finished
        }
      return ModelAnswer(parts: parts, claimed: claimed, usage: usage)
    }
  }
}
