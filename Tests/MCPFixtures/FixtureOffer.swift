public import Core
public import MCP

/// The tools, resources and prompts by which the official conformance suite (modelcontextprotocol/conformance,
/// SERVER_REQUIREMENTS.md) knows a server: whatever our server can do, seen through an offer that is not the product's.
public struct FixtureOffer: ServerOffer {
  public init() {}

  public var card: ServerCard {
    ServerCard(
      name: "mcp-conformance-test-server", title: "Conformance", version: "1.0.0", instructions: "For tests.",
      hasLogging: true)
  }

  static let pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
  static let silence = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

  // MARK: tools

  public func tools() async -> [JSON] {
    var tools: [JSON] = []
    for (name, summary) in Self.plainTools {
      tools.append(
        ["name": .string(name), "description": .string(summary), "inputSchema": ["type": "object", "properties": [:]]])
    }
    for (name, argument) in [("test_sampling", "prompt"), ("test_elicitation", "message")] {
      tools.append([
        "name": .string(name), "description": "Asks the client.",
        "inputSchema": [
          "type": "object", "required": [.string(argument)], "properties": .object([argument: ["type": "string"]]),
        ],
      ])
    }
    tools.append([
      "name": "json_schema_2020_12_tool", "description": "Its schema uses words of JSON Schema 2020-12.",
      "inputSchema": [
        "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "additionalProperties": false,
        "$defs": [
          "address": ["type": "object", "properties": ["street": ["type": "string"], "city": ["type": "string"]]]
        ],
        "properties": ["name": ["type": "string"], "address": ["$ref": "#/$defs/address"]],
      ],
    ])
    return tools
  }

  private static let plainTools = [
    ("test_simple_text", "A text."), ("test_image_content", "An image."), ("test_audio_content", "A sound."),
    ("test_embedded_resource", "A resource in the result."), ("test_multiple_content_types", "Several at once."),
    ("test_tool_with_logging", "Says what it does."), ("test_tool_with_progress", "Says how far it is."),
    ("test_error_handling", "Fails."), ("test_slow", "Takes until it is cancelled."),
    ("test_elicitation_sep1034_defaults", "Asks with defaults."),
    ("test_elicitation_sep1330_enums", "Asks with choices."),
  ]

  public func callTool(_ name: String, _ arguments: JSON, _ call: OfferCall) async throws(RPCError) -> JSON {
    switch name {
    case "test_simple_text": return Self.text("This is a simple text response for testing.")
    case "test_image_content": return ["content": [Self.image]]
    case "test_audio_content":
      return ["content": [["type": "audio", "data": .string(Self.silence), "mimeType": "audio/wav"]]]
    case "test_embedded_resource":
      return [
        "content": [Self.embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]
      ]
    case "test_multiple_content_types":
      return [
        "content": [
          ["type": "text", "text": "Multiple content types test:"], Self.image,
          Self.embedded("test://mixed-content-resource", "application/json", #"{"test":"data","value":123}"#),
        ]
      ]
    case "test_tool_with_logging":
      for line in ["Tool execution started", "Tool processing data", "Tool execution completed"] {
        call.log("info", .string(line))
        try? await Task.sleep(for: .milliseconds(50))
      }
      return Self.text("logged")
    case "test_tool_with_progress":
      for done in [0.0, 50, 100] {
        call.advance(done, 100, nil)
        try? await Task.sleep(for: .milliseconds(50))
      }
      return Self.text("done")
    case "test_error_handling":
      return [
        "content": [["type": "text", "text": "This tool intentionally returns an error for testing"]], "isError": true,
      ]
    case "test_slow":
      try? await Task.sleep(for: .seconds(600))
      return Self.text(Task.isCancelled ? "cancelled" : "slept")
    case "json_schema_2020_12_tool": return Self.text(arguments.text)
    default: return try await asking(name, arguments, call)
    }
  }

  private func asking(_ name: String, _ arguments: JSON, _ call: OfferCall) async throws(RPCError) -> JSON {
    switch name {
    case "test_sampling":
      let answer = try await call.ask(
        "sampling/createMessage",
        [
          "messages": [["role": "user", "content": ["type": "text", "text": arguments["prompt"] ?? ""]]],
          "maxTokens": 100,
        ])
      return Self.text("LLM response: \(answer["content"]?["text"]?.string ?? "")")
    case "test_elicitation":
      let answer = try await call.ask(
        "elicitation/create",
        [
          "message": arguments["message"] ?? "",
          "requestedSchema": [
            "type": "object", "required": ["response"],
            "properties": ["response": ["type": "string", "description": "User's response"]],
          ],
        ])
      return Self.text("User response: \(answer.text)")
    case "test_elicitation_sep1034_defaults":
      let answer = try await call.ask(
        "elicitation/create", ["message": "With defaults", "requestedSchema": Self.defaults])
      return Self.text("Elicitation completed: \(answer.text)")
    case "test_elicitation_sep1330_enums":
      let answer = try await call.ask(
        "elicitation/create", ["message": "With choices", "requestedSchema": Self.choices])
      return Self.text("Elicitation completed: \(answer.text)")
    default: throw .invalidParams("there is no tool \(name)")
    }
  }

  private static let defaults: JSON = [
    "type": "object",
    "properties": [
      "name": ["type": "string", "default": "John Doe"], "age": ["type": "integer", "default": 30],
      "score": ["type": "number", "default": 95.5],
      "status": ["type": "string", "enum": ["active", "inactive", "pending"], "default": "active"],
      "verified": ["type": "boolean", "default": true],
    ],
  ]
  private static let titled: JSON = [
    ["const": "value1", "title": "First Option"], ["const": "value2", "title": "Second Option"],
  ]
  private static let choices: JSON = [
    "type": "object",
    "properties": [
      "untitledSingle": ["type": "string", "enum": ["option1", "option2"]],
      "titledSingle": ["type": "string", "oneOf": titled],
      "legacyEnum": ["type": "string", "enum": ["opt1", "opt2"], "enumNames": ["Option One", "Option Two"]],
      "untitledMulti": ["type": "array", "items": ["type": "string", "enum": ["option1", "option2"]]],
      "titledMulti": ["type": "array", "items": ["anyOf": titled]],
    ],
  ]

  private static func text(_ text: String) -> JSON { ["content": [["type": "text", "text": .string(text)]]] }
  private static let image: JSON = ["type": "image", "data": .string(pixel), "mimeType": "image/png"]
  private static func embedded(_ uri: String, _ kind: String, _ text: String) -> JSON {
    ["type": "resource", "resource": ["uri": .string(uri), "mimeType": .string(kind), "text": .string(text)]]
  }

  // MARK: resources

  public func resources() async -> [JSON] {
    [
      Self.resource("test://static-text", "Static Text Resource", "text/plain"),
      Self.resource("test://static-binary", "Static Binary Resource", "image/png"),
      Self.resource("test://watched-resource", "Watched Resource", "text/plain"),
    ]
  }

  private static func resource(_ uri: String, _ name: String, _ kind: String) -> JSON {
    ["uri": .string(uri), "name": .string(name), "description": "For tests.", "mimeType": .string(kind)]
  }

  public func resourceTemplates() async -> [JSON] {
    [
      [
        "uriTemplate": "test://template/{id}/data", "name": "Resource Template", "description": "With a parameter.",
        "mimeType": "application/json",
      ]
    ]
  }

  public func readResource(_ uri: String, _ call: OfferCall) async throws(RPCError) -> [JSON] {
    func text(_ text: String, _ kind: String = "text/plain") -> [JSON] {
      [["uri": .string(uri), "mimeType": .string(kind), "text": .string(text)]]
    }
    switch uri {
    case "test://static-text": return text("This is the content of the static text resource.")
    case "test://static-binary":
      return [["uri": .string(uri), "mimeType": "image/png", "blob": .string(Self.pixel)]]
    case "test://watched-resource": return text("Watched resource content")
    default:
      let parts = uri.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 5, parts[2] == "template", parts[4] == "data" else { throw .resourceNotFound(uri) }
      let data: JSON = [
        "id": .string(parts[3]), "templateTest": true, "data": .string("Data for ID: \(parts[3])"),
      ]
      return text(data.text, "application/json")
    }
  }

  /// It changes all the time.
  public func watchResource(_ uri: String, _ changed: @escaping @Sendable () -> Void) async {
    while (try? await Task.sleep(for: .milliseconds(50))) != nil { if uri == "test://watched-resource" { changed() } }
  }

  // MARK: prompts

  public func prompts() async -> [JSON] {
    func prompt(_ name: String, _ arguments: String...) -> JSON {
      [
        "name": .string(name), "description": "For tests.",
        "arguments": .array(
          arguments.map { ["name": .string($0), "description": "For tests.", "required": true] }),
      ]
    }
    return [
      prompt("test_simple_prompt"), prompt("test_prompt_with_arguments", "arg1", "arg2"),
      prompt("test_prompt_with_embedded_resource", "resourceUri"), prompt("test_prompt_with_image"),
    ]
  }

  public func prompt(
    _ name: String, _ arguments: [String: String], _ call: OfferCall
  ) async throws(RPCError) -> JSON {
    func user(_ content: JSON...) -> JSON {
      ["messages": .array(content.map { ["role": "user", "content": $0] })]
    }
    func words(_ text: String) -> JSON { ["type": "text", "text": .string(text)] }
    func given(_ name: String) throws(RPCError) -> String {
      guard let value = arguments[name] else { throw .invalidParams("\(name) is missing") }
      return value
    }
    switch name {
    case "test_simple_prompt": return user(words("This is a simple prompt for testing."))
    case "test_prompt_with_arguments":
      return user(words("Prompt with arguments: arg1='\(try given("arg1"))', arg2='\(try given("arg2"))'"))
    case "test_prompt_with_embedded_resource":
      return user(
        Self.embedded(try given("resourceUri"), "text/plain", "Embedded resource content for testing."),
        words("Please process the embedded resource above."))
    case "test_prompt_with_image": return user(Self.image, words("Please analyze the image above."))
    default: throw .invalidParams("there is no prompt \(name)")
    }
  }

  public func complete(_ reference: JSON, argument: String, typed: String) async -> [String] {
    ["paris", "park", "party"].filter { $0.hasPrefix(typed) }
  }

  /// Nothing is ever added.
  public func watchLists(_ changed: @escaping @Sendable (ListChange) -> Void) async {
    while (try? await Task.sleep(for: .seconds(3600))) != nil {}
  }
}
