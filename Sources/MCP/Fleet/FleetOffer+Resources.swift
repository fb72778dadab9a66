import Connect
public import Core
import Wire

/// What can be read. A resource is a call of a tool in other words, judged like it.
extension FleetOffer {
  public func resources() async -> [JSON] {
    [
      Self.resource("cmdop://machines", "machines", "The machines of the fleet", "application/json"),
      Self.resource("cmdop://sessions", "sessions", "Terminals and conversations of this machine", "application/json"),
      Self.resource("cmdop://audit", "audit", "What this machine's gate has decided lately", "application/json"),
    ]
  }

  private static func resource(_ uri: String, _ name: String, _ title: String, _ kind: String) -> JSON {
    [
      "uri": .string(uri), "name": .string(name), "title": .string(title), "description": .string(title),
      "mimeType": .string(kind),
    ]
  }

  public func resourceTemplates() async -> [JSON] {
    [
      Self.template(
        "cmdop://sessions/{session}", "session-screen", "The screen of a terminal of this machine, as text"),
      Self.template("cmdop://machines/{host}/sessions", "host-sessions", "Terminals and conversations of a machine"),
      Self.template("cmdop://{host}/{+path}", "file", "A file of a machine, by its absolute path"),
    ]
  }

  private static func template(_ uri: String, _ name: String, _ title: String) -> JSON {
    [
      "uriTemplate": .string(uri), "name": .string(name), "title": .string(title), "description": .string(title),
    ]
  }

  /// What stands behind a resource.
  struct Reading {
    let tool: String
    let arguments: JSON
    var machine: String?
    var isText = false
  }

  public func readResource(_ uri: String, _ call: OfferCall) async throws(RPCError) -> [JSON] {
    guard let reading = Self.reading(of: uri) else { throw .resourceNotFound(uri) }
    let result: Cmdop_V1_ToolResult
    do throws(CmdopError) {
      result = try await ask(reading.tool, reading.arguments, on: reading.machine, call, isBrief: true)
    } catch {
      if error.code == .notFound { throw .resourceNotFound(uri) }
      throw RPCError(-32603, ControlStripper.text(error.message + (error.hint.map { " (try: \($0))" } ?? "")))
    }
    if result.isError {
      throw result.code == CmdopError.Code.notFound.rawValue
        ? .resourceNotFound(uri) : RPCError(-32603, ControlStripper.text(result.text))
    }
    if reading.tool == "list_machines" { hosts.hear(result.value) }
    let value = result.value.isEmpty ? nil : try? JSON(parsing: result.value)
    let text: String
    switch reading.tool {
    case "connect_session": text = value?["screen"]?.string ?? result.text
    case "read_file": text = value?["content"]?.string ?? result.text
    default: text = result.value.isEmpty ? result.text : result.value
    }
    let kind = reading.isText ? "text/plain" : "application/json"
    return [["uri": .string(uri), "mimeType": .string(kind), "text": .string(text)]]
  }

  static func reading(of uri: String) -> Reading? {
    guard uri.hasPrefix("cmdop://"), let path = plain(uri.dropFirst(8)) else { return nil }
    let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count > 1 ? parts[1] : nil) {
    case ("machines", nil): return Reading(tool: "list_machines", arguments: [:])
    case ("sessions", nil): return Reading(tool: "list_sessions", arguments: [:])
    case ("audit", nil): return Reading(tool: "audit_tail", arguments: [:])
    case ("sessions", let session?) where !session.isEmpty && !session.contains("/"):
      return Reading(
        tool: "connect_session", arguments: ["operation": "read", "session": .string(session)], isText: true)
    case ("machines", let rest?):
      guard rest.hasSuffix("/sessions"), rest.dropLast(9).contains("/") == false, rest.count > 9 else { return nil }
      return Reading(tool: "list_sessions", arguments: [:], machine: String(rest.dropLast(9)))
    case (let host, let file?) where !host.isEmpty && !file.isEmpty:
      return Reading(
        tool: "read_file", arguments: ["path": .string(file.hasPrefix("/") ? file : "/" + file)], machine: host,
        isText: true)
    default: return nil
    }
  }

  /// Without percent-encoding (RFC 3986, section 2.1); nil where it is broken, or hides a control character.
  private static func plain(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else { bytes.append(byte); continue }
      guard rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    guard bytes.allSatisfy({ $0 >= 32 && $0 != 127 }) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  // MARK: subscriptions

  /// Asks for no more than whether there is something new; what it is is read, and judged, when the client comes for it.
  public func watchResource(_ uri: String, _ changed: @escaping @Sendable () -> Void) async {
    var known: String?
    while (try? await Task.sleep(for: .seconds(1))) != nil {
      guard let mark = await mark(of: uri) else { continue }
      if let known, known != mark { changed() }
      known = mark
    }
  }

  /// Another text when the resource has changed; nil: not known at the moment.
  private func mark(of uri: String) async -> String? {
    guard parts.state() != .missing, let reading = Self.reading(of: uri) else { return nil }
    switch reading.tool {
    case "connect_session":
      let session = reading.arguments["session"]?.string ?? ""
      let details = try? await SessionClient(parts.local).details(session, on: "localhost")
      return details.map { "\($0.output) \($0.card.endedAtMs)" }
    case "list_machines":
      return await roster.value()
    default: return nil
    }
  }

  // MARK: completion

  public func complete(_ reference: JSON, argument: String, typed: String) async -> [String] {
    guard argument == "host" || argument == "hosts" else { return [] }
    // Of several, the last one is being typed.
    let (before, last) = Self.cut(typed)
    return hosts.beginning(with: last).map { before + $0 }
  }

  private static func cut(_ typed: String) -> (String, String) {
    guard let comma = typed.lastIndex(of: ",") else { return ("", typed) }
    let after = typed[typed.index(after: comma)...].drop { $0 == " " }
    return (String(typed[..<after.startIndex]), String(after))
  }
}
