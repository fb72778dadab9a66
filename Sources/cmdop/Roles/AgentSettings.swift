import Agent
import Core
import FoundationEssentials
import Host
import Permission

/// What config.yaml says about the agent (docs/settings.md). Nothing there: the defaults.
struct AgentSettings: Sendable {
  var catalogue = ModelCatalogue()
  var budget = TurnBudget()

  init(home: Home) throws(CmdopError) {
    let file = home.settings
    guard let bytes = try PrivateFiles.read(file, limit: 256 * 1024), !bytes.isEmpty else { return }
    let document: JSON
    do { document = try YAMLText.json(bytes) } catch {
      throw CmdopError(.badUsage, "\(file): \(error.message)", hint: "mv \(file) \(file).broken")
    }
    catalogue.defaultModel = document["model"]?.string
    for (name, facts) in document["models"]?.object ?? [:] {
      if let window = facts["window"]?.integer { catalogue.windows[name] = window }
      guard let price = facts["price"] else { continue }
      guard let input = price["input"]?.number, let output = price["output"]?.number, input >= 0, output >= 0 else {
        throw CmdopError(
          .badUsage, "\(file): the price of \(name) needs input and output, in US dollars per million tokens",
          hint: "mv \(file) \(file).broken")
      }
      catalogue.prices[name] = ModelPrice(
        input: input, output: output, cacheRead: price["cache_read"]?.number ?? input,
        cacheWritten: price["cache_written"]?.number ?? input)
    }
    // A misspelt bound would be none.
    let schema: JSON = [
      "type": "object", "additionalProperties": false,
      "properties": [
        "model": ["type": "string", "minLength": 1],
        "models": [
          "type": "object",
          "additionalProperties": [
            "type": "object", "additionalProperties": false,
            "properties": ["window": ["type": "integer", "minimum": 1024], "price": ["type": "object"]],
          ],
        ],
        "agent": [
          "type": "object", "additionalProperties": false,
          "properties": [
            "max_turns": ["type": "integer", "minimum": 1, "maximum": 1000],
            "max_tokens": ["type": "integer", "minimum": 1], "max_cost_usd": ["type": "number", "minimum": 0],
          ],
        ],
      ],
    ]
    if let fault = JSONSchema(schema).faults(of: document).first {
      throw CmdopError(.badUsage, "\(file): \(fault)", hint: "mv \(file) \(file).broken")
    }
    let agent = document["agent"]
    if let turns = agent?["max_turns"]?.integer { budget.turns = turns }
    budget.tokens = agent?["max_tokens"]?.integer
    budget.cost = agent?["max_cost_usd"]?.number.map { Int64(min($0, 1e9) * 1_000_000) }
  }
}

/// Where the keys of model providers come from, and those of other MCP servers (`${env:NAME}` in mcp.json): the daemon's
/// environment, and `agent.env` for daemons that a service manager starts. The file goes before.
enum AgentEnvironment {
  static func load(_ home: Home, daemon: [String: String]) throws(CmdopError) -> [String: String] {
    var variables = daemon
    let file = home.agentEnvironment
    if let stamp = FileStamp(file), !stamp.isRegular || !stamp.isOwn || stamp.mode & 0o077 != 0 {
      throw CmdopError(
        .denied, "\(file) must be a plain file of yours that nobody else may read", hint: "chmod 600 \(file)")
    }
    guard let bytes = try PrivateFiles.read(file, limit: 64 * 1024) else { return variables }
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      let line = line.trimmingPrefix(while: \.isWhitespace)
      guard !line.isEmpty, !line.hasPrefix("#") else { continue }
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts[0].hasPrefix("export ") ? parts[0].dropFirst(7) : parts[0]
      guard parts.count == 2, isUsable(String(name)) else {
        // Not what stands there: it may be a secret.
        throw CmdopError(
          .badUsage, "\(file) has a line that is no NAME=value of a known variable",
          hint: "cmdop chat --help")
      }
      var value = parts[1]
      if value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'" {
        value = value.dropFirst().dropLast()
      }
      variables[String(name)] = String(value)
    }
    return variables
  }

  /// A name in the families that the models have and which is none of theirs is misspelt.
  private static func isUsable(_ name: String) -> Bool {
    if ModelEnvironment.names.contains(name) { return true }
    let isName =
      !name.isEmpty
      && name.utf8.allSatisfy { $0 == 0x5f || (0x30...0x39).contains($0) || (0x41...0x5a).contains($0 & 0xdf) }
    return isName && !["ANTHROPIC_", "OPENAI_", "CMDOP_"].contains { name.hasPrefix($0) }
  }
}
