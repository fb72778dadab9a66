public import Core
import Crypto
import FoundationEssentials
public import Permission

/// What became of an act.
public enum GateDecision: String, Hashable, Sendable, CaseIterable {
  case allow, deny
  case askAllowed = "ask_allowed"
  case askDenied = "ask_denied"
  case askTimeout = "ask_timeout"
  /// Who asked went away before somebody answered.
  case askWithdrawn = "ask_withdrawn"
  /// There was nobody to be asked.
  case askNobody = "ask_nobody"
  /// Not judged, but written down: what a person with rights does.
  case noted
}

/// One line of audit.log.
public struct GateEntry: Hashable, Sendable {
  public var decision: GateDecision
  public var tool: String
  public var operation: String
  /// The command, path or host; secrets taken out, control characters escaped.
  public var target: String
  public var mode: PermissionMode
  /// floor, rule, mode, schema; empty for what was not judged.
  public var source: String
  /// Empty unless a rule has decided.
  public var ruleID: String
  public var reason: String
  /// SHA-256 of the arguments.
  public var inputDigest: String
  /// How long somebody was asked, in milliseconds; nil: nobody was.
  public var askMilliseconds: Int?
  /// Who called, and from where.
  public var user: String
  public var hostname: String
  /// The machines that the call has passed, oldest first.
  public var hops: [String]
  /// Who has answered; empty: nobody was asked, or nobody did.
  public var approver: String
  /// Milliseconds since 1970. Written by the log, as are the next.
  public internal(set) var at: Int64 = 0
  public internal(set) var number = 0

  public init(
    _ decision: GateDecision, _ judgement: Judgement?, tool: String, input: JSON, mode: PermissionMode, user: String,
    hostname: String, hops: [String] = [], target: String? = nil, askMilliseconds: Int? = nil,
    approver: String = ""
  ) {
    self.decision = decision
    self.tool = GateText.plain(tool, limit: 128)
    operation = GateText.plain(judgement?.operation ?? "", limit: 64)
    self.target = GateText.plain(GateText.redacted(target ?? judgement?.target ?? ""), limit: 2048)
    self.mode = mode
    source = judgement?.layer.rawValue ?? ""
    ruleID = judgement?.ruleID ?? ""
    reason = GateText.plain(GateText.redacted(judgement?.reason ?? ""), limit: 1024)
    inputDigest = GateText.hex(SHA256.hash(data: input.bytes))
    self.askMilliseconds = askMilliseconds
    self.user = GateText.plain(user, limit: 256)
    self.hostname = GateText.plain(hostname, limit: 256)
    self.hops = hops.prefix(16).map { GateText.plain($0, limit: 128) }
    self.approver = GateText.plain(approver, limit: 256)
  }

  /// As programs read it.
  public var json: [String: JSON] { fields.merging(["seq": .integer(number)]) { one, _ in one } }

  /// Without the chain.
  var fields: [String: JSON] {
    var fields: [String: JSON] = [
      "ts": .string(GateText.timestamp(at)), "decision": .string(decision.rawValue), "tool": .string(tool),
      "target": .string(target),
      "mode": .string(mode.rawValue), "source": .string(source), "reason": .string(reason),
      "input_digest": .string(inputDigest),
      "user": .string(user), "hostname": .string(hostname), "rule_id": .string(ruleID), "operation": .string(operation),
    ]
    if let askMilliseconds { fields["ask_ms"] = .integer(askMilliseconds) }
    if !approver.isEmpty { fields["approver"] = .string(approver) }
    if !hops.isEmpty { fields["hops"] = .array(hops.map { .string($0) }) }
    return fields
  }

  /// A line as it was read; nil: it is none of these.
  init?(_ json: JSON) {
    guard let decision = json["decision"]?.string.flatMap(GateDecision.init(rawValue:)), let tool = json["tool"]?.string
    else { return nil }
    func text(_ name: String) -> String { json[name]?.string ?? "" }
    (self.decision, self.tool, operation, target) = (decision, tool, text("operation"), text("target"))
    mode = PermissionMode(rawValue: text("mode")) ?? .default
    (source, ruleID, reason, inputDigest) = (text("source"), text("rule_id"), text("reason"), text("input_digest"))
    (askMilliseconds, user, hostname) = (json["ask_ms"]?.integer, text("user"), text("hostname"))
    hops = json["hops"]?.strings ?? []
    approver = text("approver")
    number = json["seq"]?.integer ?? 0
    at = GateText.milliseconds(text("ts"))
  }
}

/// How things are put into the log.
enum GateText {
  /// One line: controls, and what turns the direction of writing, as \u{…}.
  static func plain(_ text: String, limit: Int) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      if result.utf8.count >= limit { return result + "…" }
      if OneLine.of(String(Character(scalar))) != String(Character(scalar)) || (0x200b...0x200f).contains(scalar.value)
      {
        result += scalar == "\n" ? "\\n" : scalar == "\t" ? "\\t" : "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// What of a call is shown at most, and what of a longer one: in characters before they are escaped.
  static let (mostShown, headShown, tailShown) = (2000, 1000, 500)

  /// A call for whoever is to say yes to it. One that is too long to be seen says so first, and shows its true ends: what it
  /// would do may stand anywhere in it.
  static func shown(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > mostShown else { return plain(text, limit: .max) }
    let head = plain(String(scalars.prefix(headShown)), limit: .max)
    let tail = plain(String(scalars.suffix(tailShown)), limit: .max)
    let hidden = scalars.count - headShown - tailShown
    return "[cut: \(hidden) of its \(scalars.count) characters are not shown] \(head) […\(hidden) more…] \(tail)"
  }

  private static let keys = [
    "password", "passwd", "secret", "token", "api-key", "api_key", "apikey", "authorization", "bearer", "credential",
    "private-key", "private_key", "access-key", "access_key",
  ]
  private static let prefixes = [
    "sk-", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "AKIA", "ASIA", "shr_", "cmdop_",
    "eyJ", "AIza", "npm_", "pypi-",
  ]

  /// What looks like a secret is taken out: values behind telling names, tokens of known shape, passwords in addresses.
  static func redacted(_ text: String) -> String {
    guard mayHide(text) else { return text }
    var takesNext = false
    let words = text.split(separator: " ", omittingEmptySubsequences: false).map { word -> String in
      let bare = word.drop { $0 == "'" || $0 == "\"" }
      let lower = word.lowercased()
      if takesNext, !word.isEmpty {
        takesNext = lower.hasPrefix("bearer") || lower.hasPrefix("basic")
        return takesNext ? String(word) : "[redacted]"
      }
      if prefixes.contains(where: { bare.hasPrefix($0) && bare.utf8.count > $0.utf8.count + 8 }) { return "[redacted]" }
      if let key = keys.first(where: lower.contains) {
        if let sign = word.firstIndex(where: { $0 == "=" || $0 == ":" }) {
          if word.index(after: sign) < word.endIndex { return word[...sign] + "[redacted]" }
          takesNext = true
        } else if word.hasPrefix("-") || key == "bearer" || key == "authorization" {
          takesNext = true
        }
      } else if word == "-u" || word == "--user" {
        takesNext = true
      }
      if let scheme = word.firstRange(of: "://"), let at = word.lastIndex(of: "@"), scheme.upperBound < at,
        word[scheme.upperBound..<at].contains(":")
      {
        return word[..<scheme.upperBound] + "[redacted]" + word[at...]
      }
      return String(word)
    }
    return words.joined(separator: " ")
  }

  /// Whether anything in it could be taken for a secret. Most texts have nothing of the kind, and every act is written down.
  private static func mayHide(_ text: String) -> Bool {
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return true }
    let bytes = text.utf8.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
    return signs.contains { sign in
      guard let first = sign.first, bytes.count >= sign.count else { return false }
      return (0...(bytes.count - sign.count)).contains { at in
        bytes[at] == first && bytes[at..<at + sign.count].elementsEqual(sign)
      }
    }
  }
  private static let signs = (keys + prefixes + ["://", "-u", "--user"]).map { Array($0.lowercased().utf8) }

  static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  static func timestamp(_ milliseconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1000).formatted(format)
  }

  static func milliseconds(_ text: String) -> Int64 {
    (try? format.parse(text)).map { Int64(($0.timeIntervalSince1970 * 1000).rounded()) } ?? 0
  }
}
