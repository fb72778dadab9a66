import Core

/// One tool of another server, read from its list: bounded, checked, and said to be the server's words where it is.
struct OfferedTool: Sendable {
  let definition: ToolDefinition
  /// What the server calls it.
  let wire: String
  let headers: ParameterHeaders
  /// It declared what it gives; nil: it did not, or not in a usable way.
  let output: JSONSchema?
  /// What its definition costs, in bytes.
  let size: Int

  /// Characters of a description that are passed on.
  static let longestSummary = 2000

  init(_ json: JSON, server: ServerSettings, taken: inout Set<String>) throws(Unusable) {
    guard let wire = json["name"]?.string, (1...256).contains(wire.utf8.count) else {
      throw Unusable("it has no name, or one of more than 256 bytes")
    }
    // Schemas first: a name is taken only by what is offered.
    let input = try OfferedSchema.input(json["inputSchema"])
    headers = try ParameterHeaders(of: input)
    let output = OfferedSchema.output(json["outputSchema"])
    let name = ToolName.of(wire, server: server.name, taken: &taken)
    let annotations = server.trustsAnnotations ? json["annotations"] : nil
    let isReadOnly = annotations?["readOnlyHint"]?.bool ?? false
    let traits = ToolDefinition.Traits(
      isReadOnly: isReadOnly, isDestructive: !isReadOnly && annotations?["destructiveHint"]?.bool != false,
      isIdempotent: annotations?["idempotentHint"]?.bool ?? false,
      isOpenWorld: annotations?["openWorldHint"]?.bool ?? true)
    let title = json["title"]?.string ?? json["annotations"]?["title"]?.string ?? wire
    do throws(CmdopError) {
      definition = try ToolDefinition(
        name, title: OneLine.of(title.cut(100)), summary: Self.summary(json["description"]?.string, server.name),
        input: input, output: output ?? ["type": "object"], traits: traits,
        gate: .nothing(why: "another server's: rules match its name"))
    } catch { throw Unusable(error.message) }
    (self.wire, self.output) = (wire, output.map { JSONSchema($0) })
    size = input.bytes.count + (output?.bytes.count ?? 0) + definition.summary.utf8.count
  }

  /// A description is somebody else's text in the model's instructions: it is said whose.
  private static func summary(_ words: String?, _ server: String) -> String {
    let words = ControlStripper.text((words ?? "").cut(longestSummary))
    let who = "A tool of the MCP server \"\(server)\", which is not part of cmdop."
    return words.allSatisfy(\.isWhitespace) ? who : "\(who) The server describes it so: \(words)"
  }
}

/// What a server offers, and what of it is left out.
struct OfferedTools: Sendable {
  var tools: [OfferedTool] = []
  var leftOut: [LeftOut] = []
  /// How long the list is good, as the server says.
  var lifetime: Duration?

  static let most = 500
  static let mostPages = 100
  /// Definitions of one server, in bytes: all of them go to the model with each question.
  static let mostBytes = 1 << 20
  private static let mostLeftOut = 50

  /// All pages of it.
  static func read(_ session: ServerSession, _ server: ServerSettings) async throws(LinkFault) -> OfferedTools {
    var offered = OfferedTools()
    guard session.greeting?.hasTools != false else { return offered }
    var raw: [(name: String, json: JSON)] = []
    var cursor: String?
    var seen: Set<String> = []
    for page in 1...mostPages {
      let result = try await session.request("tools/list", cursor.map { ["cursor": .string($0)] } ?? [:])
      guard let tools = result["tools"]?.array else {
        throw LinkFault(CmdopError(.unsupported, "its list of tools is no list"), wasTaken: true, isLost: false)
      }
      if let ttl = result["ttlMs"]?.integer, ttl >= 0 { offered.lifetime = .milliseconds(min(ttl, 86_400_000)) }
      for tool in tools {
        guard raw.count < most else {
          offered.leaveOut("", "more than \(most) tools of one server are not read")
          return offered.taking(raw, server)
        }
        raw.append((tool["name"]?.string ?? "", tool))
      }
      cursor = result["nextCursor"]?.string
      guard let next = cursor else { break }
      guard seen.insert(next).inserted else {
        offered.leaveOut("", "its pages go in a circle: \(raw.count) tools were read")
        break
      }
      if page == mostPages { offered.leaveOut("", "it has more than \(mostPages) pages of tools") }
    }
    return offered.taking(raw, server)
  }

  /// By name, so that names do not depend on the order in which a server lists them today.
  private func taking(_ raw: [(name: String, json: JSON)], _ server: ServerSettings) -> OfferedTools {
    var (offered, taken, wires, size) = (self, Set<String>(), Set<String>(), 0)
    for (name, json) in raw.sorted(by: { $0.name < $1.name }) {
      guard wires.insert(name).inserted else { offered.leaveOut(name, "it is in the list twice"); continue }
      do throws(Unusable) {
        let tool = try OfferedTool(json, server: server, taken: &taken)
        size += tool.size
        guard size <= Self.mostBytes else { throw Unusable("the definitions of one server may have 1 MiB together") }
        offered.tools.append(tool)
      } catch { offered.leaveOut(name, error.reason) }
    }
    return offered
  }

  private mutating func leaveOut(_ name: String, _ reason: String) {
    if leftOut.count < Self.mostLeftOut { leftOut.append(LeftOut(OneLine.of(name.cut(100)), reason)) }
  }
}

/// A tool that is not offered to our agent; without a name: something about the list as a whole.
public struct LeftOut: Hashable, Sendable {
  public let name: String
  public let reason: String
  init(_ name: String, _ reason: String) { (self.name, self.reason) = (name, reason) }
}
