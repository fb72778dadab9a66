import Core

/// What older and newer revisions want to be different in a result.
struct ResultShape {
  let revision: ProtocolRevision
  let card: ServerCard

  /// How long a client may take lists for fresh, in milliseconds: what changes is told.
  private static let fresh = 60_000

  /// `kind`: what 2026-07-28 wants to know about caching, for those results that have it.
  func finished(_ result: JSON, isCacheable: Bool = false, freshFor: Int = fresh) -> JSON {
    guard revision.isStateless, var members = result.object else { return result }
    members["resultType"] = members["resultType"] ?? "complete"
    if isCacheable {
      members["ttlMs"] = .integer(freshFor)
      // What is listed depends on who asks, and on their machines.
      members["cacheScope"] = "private"
    }
    members["_meta"] = .object((members["_meta"]?.object ?? [:]).merging([MetaKey.server: card.json]) { old, _ in old })
    return .object(members)
  }

  func tool(_ tool: JSON) -> JSON {
    without(tool) { members in
      if revision < .march2025 { members["annotations"] = nil }
      if revision < .june2025 { (members["outputSchema"], members["title"]) = (nil, nil) }
      if revision < .november2025 { members["icons"] = nil }
    }
  }

  /// Resources, templates, prompts.
  func entry(_ entry: JSON) -> JSON {
    without(entry) { members in
      if revision < .june2025 { members["title"] = nil }
      if revision < .november2025 { members["icons"] = nil }
    }
  }

  func toolResult(_ result: JSON) -> JSON {
    without(result) { members in
      if revision < .june2025 {
        members["structuredContent"] = nil
        members["content"] = .array((members["content"]?.array ?? []).map(content))
      }
    }
  }

  /// Links came with 2025-06-18, sounds with 2025-03-26.
  private func content(_ block: JSON) -> JSON {
    switch block["type"]?.string {
    case "resource_link": ["type": "text", "text": .string(block["uri"]?.string ?? "")]
    case "audio" where revision < .march2025: ["type": "text", "text": "[audio]"]
    default: block
    }
  }

  private func without(_ value: JSON, _ change: (inout [String: JSON]) -> Void) -> JSON {
    guard var members = value.object else { return value }
    change(&members)
    return .object(members)
  }

  var capabilities: JSON {
    var members: [String: JSON] = [
      "tools": ["listChanged": true], "resources": ["subscribe": true, "listChanged": true],
      "prompts": ["listChanged": true],
    ]
    if revision >= .march2025 { members["completions"] = [:] }
    if card.hasLogging { members["logging"] = [:] }
    return .object(members)
  }

  var introduction: JSON {
    var server: [String: JSON] = ["name": .string(card.name), "version": .string(card.version)]
    if revision >= .june2025 { server["title"] = .string(card.title) }
    return [
      "protocolVersion": .string(revision.rawValue), "capabilities": capabilities, "serverInfo": .object(server),
      "instructions": .string(card.instructions),
    ]
  }

  var discovery: JSON {
    finished(
      [
        "supportedVersions": .array(ProtocolRevision.stateless.map { .string($0.rawValue) }),
        "capabilities": capabilities, "instructions": .string(card.instructions),
      ], isCacheable: true)
  }
}

/// Lists in pieces. A cursor is a place in the list; whatever else comes is refused.
enum Pages {
  static let size = 100

  static func cut(_ items: [JSON], named name: String, _ params: JSON) throws(RPCError) -> JSON {
    var first = 0
    if let cursor = params["cursor"] {
      guard let words = cursor.string, words.hasPrefix("at-"), let place = Int(words.dropFirst(3)), place > 0,
        place < items.count, place % size == 0
      else { throw .invalidParams("this cursor is none of ours: begin without one") }
      first = place
    }
    var result: [String: JSON] = [name: .array(Array(items[first...].prefix(size)))]
    if first + size < items.count { result["nextCursor"] = .string("at-\(first + size)") }
    return .object(result)
  }
}
