import Core

/// One tool as a page of a list has it: only what is known of it, bounded and checked, so that nothing else of the page is kept.
struct ListedTool: Sendable {
  /// What the server calls it.
  let wire: String
  let title: String
  /// In the server's words.
  let description: String
  let input: JSON
  /// It declared what it gives; nil: it did not, or not in a usable way.
  let output: JSON?
  let headers: ParameterHeaders
  let traits: ToolDefinition.Traits
  /// What its definition costs, in bytes.
  let size: Int

  /// Of its name in bytes.
  static let longestName = 256
  /// Characters of a description that are passed on.
  private static let longestSummary = 2000

  init(_ json: JSON, server: ServerSettings) throws(Unusable) {
    guard let wire = json["name"]?.string, (1...Self.longestName).contains(wire.utf8.count) else {
      throw Unusable("it has no name, or one of more than \(Self.longestName) bytes")
    }
    // It could not be called by the name that it has now.
    guard !wire.unicodeScalars.contains(where: { SecretSearch.mark.unicodeScalars.contains($0) }) else {
      throw Unusable("its name has one of the server's secrets in it")
    }
    input = try OfferedSchema.input(json["inputSchema"])
    headers = try ParameterHeaders(of: input)
    output = OfferedSchema.output(json["outputSchema"])
    let annotations = server.trustsAnnotations ? json["annotations"] : nil
    let isReadOnly = annotations?["readOnlyHint"]?.bool ?? false
    traits = ToolDefinition.Traits(
      isReadOnly: isReadOnly, isDestructive: !isReadOnly && annotations?["destructiveHint"]?.bool != false,
      isIdempotent: annotations?["idempotentHint"]?.bool ?? false,
      isOpenWorld: annotations?["openWorldHint"]?.bool ?? true)
    title = OneLine.of((json["title"]?.string ?? json["annotations"]?["title"]?.string ?? wire).cut(100))
    description = ControlStripper.text((json["description"]?.string ?? "").cut(Self.longestSummary))
    self.wire = wire
    size = input.bytes.count + (output?.bytes.count ?? 0) + description.utf8.count
  }
}

/// One tool of another server, under the name that it has here; said to be the server's words where it is.
struct OfferedTool: Sendable {
  let definition: ToolDefinition
  /// What the server calls it.
  let wire: String
  let headers: ParameterHeaders
  /// It declared what it gives; nil: it did not, or not in a usable way.
  let output: JSONSchema?

  init(_ listed: ListedTool, server: ServerSettings, taken: inout Set<String>) throws(Unusable) {
    do throws(CmdopError) {
      definition = try ToolDefinition(
        ToolName.of(listed.wire, server: server.name, taken: &taken), title: listed.title,
        summary: Self.summary(listed.description, server.name), input: listed.input,
        output: listed.output ?? ["type": "object"], traits: listed.traits,
        gate: .nothing(why: "another server's: rules match its name"))
    } catch { throw Unusable(error.message) }
    (wire, headers, output) = (listed.wire, listed.headers, listed.output.map { JSONSchema($0) })
  }

  /// A description is somebody else's text in the model's instructions: it is said whose.
  private static func summary(_ words: String, _ server: String) -> String {
    let who = "A tool of the MCP server \"\(server)\", which is not part of cmdop."
    return words.allSatisfy(\.isWhitespace) ? who : "\(who) The server describes it so: \(words)"
  }
}
