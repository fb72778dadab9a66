public import Connect
public import Core
import Wire

/// `list_machines`: who belongs to the fleet, as the relay knows it.
public struct ListMachinesTool: Tool {
  /// This machine, for when the relay is away.
  public struct Own: Sendable {
    public var id: MachineID
    public var hostname: String
    public var platform: String

    public init(id: MachineID, hostname: String, platform: String) {
      (self.id, self.hostname, self.platform) = (id, hostname, platform)
    }
  }

  /// On one page: more is a list that nobody reads.
  public static let most = 200

  public let definition: ToolDefinition
  private let reach: Reach
  private let own: Own
  private let most: Int

  /// `reach`: as this machine. `most`: on one page.
  public init(_ reach: Reach, own: Own, most: Int = ListMachinesTool.most) throws(CmdopError) {
    (self.reach, self.own, self.most, definition) = (reach, own, most, try Self.define())
  }

  public static func define() throws(CmdopError) -> ToolDefinition {
    try ToolDefinition(
      "list_machines", title: "List the machines",
      summary: """
        Lists the machines of the fleet, ordered by hostname: whether each is online, its system and version, and how busy it \
        was at its last sign of life. At most 200 at once; next_cursor continues. query narrows by a part of the name or \
        system, or the beginning of the id.
        """,
      input: [
        "type": "object", "additionalProperties": false,
        "properties": [
          "online": [
            "type": "boolean", "description": "Only those that are online, or only those that are not. Default: all.",
          ],
          "query": ["type": "string", "maxLength": 253],
          "cursor": ["type": "string", "maxLength": 253, "description": "The next_cursor of the page before."],
        ],
      ],
      output: [
        "type": "object", "required": ["machines"],
        "properties": [
          "machines": ["type": "array", "items": machine],
          "next_cursor": ["type": "string", "description": "There are more: ask again with it."],
          "note": ["type": "string", "description": "Why the list is not complete."],
        ],
      ],
      traits: .init(isReadOnly: true, isIdempotent: true),
      gate: .nothing(why: "tells only what everybody in the fleet may see"))
  }

  private static let machine: JSON = [
    "type": "object", "required": ["id", "hostname", "online"],
    "properties": [
      "id": ["type": "string"], "hostname": ["type": "string"], "name": ["type": "string"],
      "online": ["type": "boolean"], "this_machine": ["type": "boolean"], "platform": ["type": "string"],
      "version": ["type": "string"],
      "last_seen": ["type": "integer", "description": "Milliseconds since 1970; absent if never."],
      "sessions": ["type": "integer", "description": "Terminals that live on it."],
      "cpu_percent": ["type": "number"], "memory_percent": ["type": "number"], "disk_percent": ["type": "number"],
    ],
  ]

  public func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
    let filter = Filter(
      online: call.arguments["online"]?.bool, query: (call.arguments["query"]?.string ?? "").lowercased())
    var (found, cursor): ([Cmdop_V1_MachineCard], String) = ([], call.arguments["cursor"]?.string ?? "")
    do throws(CmdopError) {
      while true {
        let page = try await RelayClient(reach).machines(onlineOnly: filter.online == true, after: cursor)
        for card in page.machines where filter.fits(card) {
          // Only where there is one more than a page holds, there is more.
          if found.count == most { return outcome(found, next: found.last?.hostname) }
          found.append(card)
        }
        guard page.more, let last = page.machines.last else { return outcome(found, next: nil) }
        cursor = last.hostname
      }
    } catch {
      if error.code == .cancelled { throw error }
      return alone(filter, because: error)
    }
  }

  private struct Filter {
    let online: Bool?
    /// In lower case; empty: all.
    let query: String

    func fits(_ card: Cmdop_V1_MachineCard) -> Bool {
      if let online, card.online != online { return false }
      return query.isEmpty || card.machineID.hasPrefix(query)
        || [card.hostname, card.displayName, card.platform].contains { $0.lowercased().contains(query) }
    }
  }

  /// What is known without the relay.
  private func alone(_ filter: Filter, because error: CmdopError) -> ToolOutcome {
    let card = Cmdop_V1_MachineCard.filled {
      ($0.machineID, $0.hostname, $0.online) = (own.id.rawValue, own.hostname, true)
      ($0.platform, $0.version) = (own.platform, CmdopVersion.program)
    }
    return outcome(
      filter.fits(card) ? [card] : [], next: nil,
      note: "only this machine is known: the relay could not be asked (\(OneLine.of(error.message)))")
  }

  private func outcome(_ found: [Cmdop_V1_MachineCard], next: String?, note: String? = nil) -> ToolOutcome {
    var value: [String: JSON] = ["machines": .array(found.map(view))]
    var lines = found.map(line)
    if lines.isEmpty { lines.append("no machine fits") }
    if let next {
      value["next_cursor"] = .string(next)
      lines.append("[there are more: cursor \"\(OneLine.of(next))\"]")
    }
    if let note {
      value["note"] = .string(note)
      lines.append("[\(note)]")
    }
    return ToolOutcome(lines.joined(separator: "\n"), value: .object(value))
  }

  private func isOwn(_ card: Cmdop_V1_MachineCard) -> Bool { card.machineID == own.id.rawValue }

  private func view(_ card: Cmdop_V1_MachineCard) -> JSON {
    var view: [String: JSON] = [
      "id": .string(card.machineID), "hostname": .string(card.hostname), "online": .bool(card.online),
      "this_machine": .bool(isOwn(card)), "platform": .string(card.platform),
      "version": .string(card.version), "sessions": .integer(Int(card.sessions)),
    ]
    if !card.displayName.isEmpty { view["name"] = .string(card.displayName) }
    if card.lastSeenAtMs > 0 { view["last_seen"] = .integer(Int(card.lastSeenAtMs)) }
    for (name, percent) in Self.shares(of: card) { view["\(name)_percent"] = .number(percent) }
    return .object(view)
  }

  private func line(_ card: Cmdop_V1_MachineCard) -> String {
    var parts = [card.hostname, card.online ? "online" : "offline"]
    if !card.displayName.isEmpty, card.displayName != card.hostname { parts.append("\"\(card.displayName)\"") }
    if isOwn(card) { parts.append("this machine") }
    parts += [card.platform, card.version].filter { !$0.isEmpty }
    parts += Self.shares(of: card).map { "\($0.name) \(Int($0.percent.rounded())) %" }
    return OneLine.of(parts.joined(separator: ", "))
  }

  /// What is in use, in percent with one digit.
  private static func shares(of card: Cmdop_V1_MachineCard) -> [(name: String, percent: Double)] {
    guard card.hasMetrics else { return [] }
    let vitals = MachineVitals(card.metrics)
    func percent(_ used: UInt64?, _ total: UInt64?) -> Double? {
      guard let used, let total, total > 0 else { return nil }
      return min(100, Double(used) / Double(total) * 100)
    }
    let all = [
      ("cpu", vitals.cpuPercent), ("memory", percent(vitals.memoryUsedBytes, vitals.memoryTotalBytes)),
      ("disk", percent(vitals.diskUsedBytes, vitals.diskTotalBytes)),
    ]
    return all.compactMap { name, value in value.map { (name, ($0 * 10).rounded() / 10) } }
  }
}
