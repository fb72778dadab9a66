import Core
import Testing

@testable import Agent

@Suite("What is sent, byte by byte, and what is read, wherever it is cut")
struct CodecTests {
  private static let tool = Workshop.look.definition

  /// Everything that a conversation can hold, thoughts of two providers among it.
  private static let request = ModelRequest(
    system: ("You are an agent.", "Today is Saturday."),
    messages: [
      Message(.person, [.text("Look \"there\"\n"), .image(mediaType: "image/png", base64: "AAAA")]),
      Message(
        .model,
        [
          .opaque(format: "anthropic", block: ["type": "thinking", "thinking": "hm", "signature": "s="]),
          .opaque(
            format: "openai-responses",
            block: ["type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "e="]),
          .text("I look."), .toolCall(id: "c1", tool: "look", arguments: ["x": "ä", "n": 1.5], broken: nil),
          .toolCall(id: "c2", tool: "srv:look", arguments: [:], broken: "{"),
        ]),
      Message(
        .person,
        [
          .toolResult(id: "c1", text: "seen", isError: false), .toolResult(id: "c2", text: "", isError: true),
          .text("Go on."),
        ]),
    ], tools: [tool], mostTokens: 1000)

  @Test("Anthropic Messages")
  func anthropic() {
    let body = AnthropicMessages(model: "m", effort: "high").body(Self.request).text
    #expect(
      body == """
        {"max_tokens":1000,"messages":[{"content":[{"text":"Look \\"there\\"\\n","type":"text"},{"source":{"data":"AAAA","media_type":"image/png","type":"base64"},"type":"image"}],"role":"user"},{"content":[{"signature":"s=","thinking":"hm","type":"thinking"},{"text":"I look.","type":"text"},{"id":"c1","input":{"n":1.5,"x":"ä"},"name":"look","type":"tool_use"},{"id":"c2","input":{},"name":"srv__look","type":"tool_use"}],"role":"assistant"},{"content":[{"content":"seen","tool_use_id":"c1","type":"tool_result"},{"content":"(nothing)","is_error":true,"tool_use_id":"c2","type":"tool_result"},{"cache_control":{"type":"ephemeral"},"text":"Go on.","type":"text"}],"role":"user"}],"model":"m","output_config":{"effort":"high"},"stream":true,"system":[{"cache_control":{"type":"ephemeral"},"text":"You are an agent.","type":"text"},{"text":"Today is Saturday.","type":"text"}],"tools":[{"cache_control":{"type":"ephemeral"},"description":"The tool look.","input_schema":{"properties":{"x":{"type":"string"}},"type":"object"},"name":"look"}]}
        """)
  }

  @Test("OpenAI Chat Completions")
  func chat() {
    let body = OpenAIChat(model: "m", effort: nil).body(Self.request).text
    #expect(
      body == """
        {"max_completion_tokens":1000,"messages":[{"content":"You are an agent.\\n\\nToday is Saturday.","role":"system"},{"content":[{"text":"Look \\"there\\"\\n","type":"text"},{"image_url":{"url":"data:image/png;base64,AAAA"},"type":"image_url"}],"role":"user"},{"content":"I look.","role":"assistant","tool_calls":[{"function":{"arguments":"{\\"n\\":1.5,\\"x\\":\\"ä\\"}","name":"look"},"id":"c1","type":"function"},{"function":{"arguments":"{}","name":"srv__look"},"id":"c2","type":"function"}]},{"content":"seen","role":"tool","tool_call_id":"c1"},{"content":"Error: (nothing)","role":"tool","tool_call_id":"c2"},{"content":"Go on.","role":"user"}],"model":"m","stream":true,"stream_options":{"include_usage":true},"tools":[{"function":{"description":"The tool look.","name":"look","parameters":{"properties":{"x":{"type":"string"}},"type":"object"}},"type":"function"}]}
        """)
  }

  @Test("OpenAI Responses")
  func responses() {
    let body = OpenAIResponses(model: "m", effort: "low").body(Self.request).text
    #expect(
      body == """
        {"include":["reasoning.encrypted_content"],"input":[{"content":[{"text":"Look \\"there\\"\\n","type":"input_text"},{"detail":"auto","image_url":"data:image/png;base64,AAAA","type":"input_image"}],"role":"user"},{"encrypted_content":"e=","id":"rs_1","summary":[],"type":"reasoning"},{"content":"I look.","role":"assistant"},{"arguments":"{\\"n\\":1.5,\\"x\\":\\"ä\\"}","call_id":"c1","name":"look","type":"function_call"},{"arguments":"{}","call_id":"c2","name":"srv__look","type":"function_call"},{"call_id":"c1","output":"seen","type":"function_call_output"},{"call_id":"c2","output":"Error: (nothing)","type":"function_call_output"},{"content":[{"text":"Go on.","type":"input_text"}],"role":"user"}],"instructions":"You are an agent.\\n\\nToday is Saturday.","max_output_tokens":1000,"model":"m","reasoning":{"effort":"low"},"store":false,"stream":true,"tools":[{"description":"The tool look.","name":"look","parameters":{"properties":{"x":{"type":"string"}},"type":"object"},"strict":false,"type":"function"}]}
        """)
  }

  @Test(
    "What was sent stays the same, byte by byte, as the conversation grows: caches find it again",
    arguments: ProviderTests.all)
  func prefix(_ provider: String) async throws {
    let server = try await ModelServer([
      ["text": "a", "tools": [["name": "look", "input": ["x": "1", "y": "2"]]]],
      ["tools": [["name": "act", "input": ["x": "1"]]]],
      ["text": "done"], ["text": "more"],
    ])
    let bench = try await Bench(server.models(provider))
    _ = await bench.run("One.")
    _ = await bench.run("Two.")
    let bodies = try await server.log().bodies.map { Self.cachedPart($0, provider) }
    #expect(bodies.count == 4)
    for (before, after) in zip(bodies, bodies.dropFirst()) {
      #expect(after.hasPrefix(before.dropLast()), "\(before)\n\(after)")
    }
    await server.end()
  }

  /// What providers remember: tools, system, messages, in this order, without the marks.
  private static func cachedPart(_ body: JSON, _ provider: String) -> String {
    let messages = body["messages"] ?? body["input"] ?? []
    let text = (body["tools"]?.text ?? "") + (body["system"] ?? body["instructions"] ?? "").text + messages.text
    let plain = text.split(separator: #""cache_control":{"type":"ephemeral"},"#, omittingEmptySubsequences: false)
      .joined()
    // Ends before the bracket that closes the list, so that more may follow.
    return String(plain.dropLast(provider == "anthropic" ? 3 : 1))
  }

  // MARK: streams

  static let streams: [(String, String)] = [
    (
      "anthropic",
      """
      \u{feff}: hello\r
      event: message_start\r
      data: {"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":5,"cache_creation_input_tokens":2,"output_tokens":1}}}\r
      \r
      event: ping
      data: {"type":"ping"}

      event: content_block_start\r\rdata: {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}\r\rdata: {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm 😀"}}\r
      \r
      data: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s="}}

      data: {"type":"content_block_stop","index":0}

      data:{"type":"content_block_start","index":1,
      data:"content_block":{"type":"text","text":""}}
      id: 7
      retry: 9

      data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"naïve "}}

      data: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"日本\\u00e4\\ud83d\\ude00"}}

      data: {"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"look","input":{}}}

      data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":""}}

      data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\\"x\\": \\"ä"}}

      data: {"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"\\"}"}}

      data: {"type":"content_block_start","index":3,"content_block":{"type":"redacted_thinking","data":"zzz"}}

      data: {"type":"from_the_future","index":9}

      data: {"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":33}}

      event: message_stop
      data: {"type":"message_stop"}


      """
    ),
    (
      "openai-chat",
      """
      data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning_content":"hm 😀"}}]}\r
      \r
      data: {"choices":[{"index":0,"delta":{"content":"naïve "}}]}

      data: {"choices":[{"index":0,"delta":{"content":"日本\\u00e4\\ud83d\\ude00"}}]}

      data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"look","arguments":""}}]}}]}

      data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"x\\": \\"ä"}}]}}]}

      data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\\"}"}}]}}]}

      data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}

      data: {"choices":[],"usage":{"prompt_tokens":17,"completion_tokens":33,"prompt_tokens_details":{"cached_tokens":5}}}

      data: [DONE]


      """
    ),
    (
      "openai-responses",
      """
      event: response.created\r
      data: {"type":"response.created","response":{"status":"in_progress"}}\r
      \r
      data: {"type":"response.output_item.added","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[]}}

      data: {"type":"response.reasoning_summary_text.delta","output_index":0,"item_id":"rs","delta":"hm 😀"}

      data: {"type":"response.output_item.added","output_index":2,"item":{"id":"fc","type":"function_call","call_id":"t1","name":"look","arguments":""}}

      data: {"type":"response.function_call_arguments.delta","item_id":"fc","delta":"{\\"x\\": \\"ä"}

      data: {"type":"response.output_item.added","output_index":1,"item":{"id":"msg","type":"message","role":"assistant","content":[]}}

      data: {"type":"response.output_text.delta","item_id":"msg","output_index":1,"delta":"naïve "}

      data: {"type":"response.function_call_arguments.delta","item_id":"fc","output_index":2,"delta":"\\"}"}

      data: {"type":"response.output_text.delta","item_id":"msg","delta":"日本\\u00e4\\ud83d\\ude00"}

      data: {"type":"response.output_item.done","output_index":0,"item":{"id":"rs","type":"reasoning","summary":[],"encrypted_content":"e=","status":null}}

      data: {"type":"response.completed","response":{"status":"completed","output":[],"usage":{"input_tokens":17,"output_tokens":33,"input_tokens_details":{"cached_tokens":5}}}}


      """
    ),
  ]

  private static func codec(_ provider: String) -> any ModelCodec {
    switch provider {
    case "anthropic": AnthropicMessages(model: "m", effort: nil)
    case "openai-chat": OpenAIChat(model: "m", effort: nil)
    default: OpenAIResponses(model: "m", effort: nil)
    }
  }

  private static func read(_ pieces: [ArraySlice<UInt8>], _ provider: String) throws -> (
    answer: ModelAnswer, deltas: [ModelDelta], isComplete: Bool
  ) {
    var (parser, reader, deltas) = (EventStreamParser(), codec(provider).makeReader(), [ModelDelta]())
    for piece in pieces {
      _ = try parser.take(piece) { event in
        if event.data.elementsEqual("[DONE]".utf8) { return }
        deltas += try reader.take(try JSON(parsing: event.data))
      }
    }
    return (reader.answer, deltas, reader.isComplete)
  }

  @Test("A stream that is cut at any byte, or at every byte, is the same answer", arguments: streams)
  func cut(_ provider: String, _ stream: String) throws {
    let bytes = Array(stream.utf8)
    let whole = try Self.read([bytes[...]], provider)
    #expect(whole.isComplete)
    let parts = whole.answer.parts
    #expect(parts.contains(.text("naïve 日本ä😀")))
    #expect(parts.contains(.toolCall(id: "t1", tool: "look", arguments: ["x": "ä"], broken: nil)))
    #expect(whole.answer.stop == .toolCalls)
    #expect(whole.answer.usage.total - whole.answer.usage.output == 17 && whole.answer.usage.output == 33)
    #expect(whole.deltas == [.thinking("hm 😀"), .text("naïve "), .text("日本ä😀")])
    let opaque = parts.filter { if case .opaque = $0 { true } else { false } }
    switch provider {
    case "anthropic":
      #expect(
        opaque == [
          .opaque(format: "anthropic", block: ["type": "thinking", "thinking": "hm 😀", "signature": "s="]),
          .opaque(format: "anthropic", block: ["type": "redacted_thinking", "data": "zzz"]),
        ])
    case "openai-responses":
      #expect(
        opaque == [
          .opaque(
            format: "openai-responses",
            block: ["id": "rs", "type": "reasoning", "summary": [], "encrypted_content": "e="])
        ])
    default: #expect(opaque == [])
    }
    for at in 1..<bytes.count {
      let again = try Self.read([bytes[..<at], bytes[at...]], provider)
      #expect(again.answer == whole.answer && again.deltas == whole.deltas, "cut at \(at)")
    }
    let single = try Self.read(bytes.indices.map { bytes[$0...$0] }, provider)
    #expect(single.answer == whole.answer)
  }

  @Test("A stream that ends before its end is not taken for a whole one", arguments: streams)
  func early(_ provider: String, _ stream: String) throws {
    let bytes = Array(stream.utf8)
    let last = Array(
      (provider == "anthropic"
        ? "\"stop_reason\"" : provider == "openai-chat" ? "\"finish_reason\"" : "response.completed").utf8)
    let end = try #require(bytes.indices.first { bytes[$0...].starts(with: last) })
    for at in stride(from: 0, to: end, by: 7) { #expect(try !Self.read([bytes[..<at]], provider).isComplete, "\(at)") }
  }

  @Test("An event larger than any answer is refused, not remembered")
  func largeEvent() {
    var parser = EventStreamParser()
    let line = Array("data: ".utf8) + [UInt8](repeating: 97, count: EventStreamParser.largestEvent + 1)
    #expect(!parser.take(line[...]) { _ in })
  }
}
