import Core
import Synchronization

/// A server that has said which revision it speaks: its tools can be listed and called.
final class ServerSession: Sendable {
  /// Who answered.
  struct Greeting: Sendable {
    var revision: ProtocolRevision
    var name: String
    var version: String
    var hasTools: Bool
    var text: String { [name, version].filter { !$0.isEmpty }.joined(separator: " ") }
  }

  let link: any ServerLink
  private let state = Mutex(State())
  private struct State {
    var greeting: Greeting?
    /// Who wants to hear how far a call is.
    var listeners: [Int: @Sendable (String) -> Void] = [:]
    var isStale = false
  }
  private let changed: @Sendable () -> Void

  /// `changed`: the list of tools is not what it was. Told once, until the list is read again: one word is enough for many.
  init(_ link: any ServerLink, changed: @escaping @Sendable () -> Void = {}) {
    (self.link, self.changed) = (link, changed)
  }

  var greeting: Greeting? { state.withLock(\.greeting) }

  /// For the link: what the server says by itself.
  func hear(_ method: String, _ params: JSON) {
    switch method {
    case "notifications/tools/list_changed":
      let isNew = state.withLock { state in
        defer { state.isStale = true }
        return !state.isStale
      }
      if isNew { changed() }
    case "notifications/progress":
      let token = params["progressToken"].flatMap { $0.integer ?? $0.string.flatMap { Int($0) } }
      guard let token, let listener = state.withLock({ $0.listeners[token] }) else { return }
      listener(ProgressText.of(params))
    default: break
    }
  }

  /// The list is about to be read.
  func freshen() { state.withLock { $0.isStale = false } }

  // MARK: the beginning

  private static let identity: JSON = ["name": "cmdop", "title": "cmdop", "version": .string(CmdopVersion.program)]

  /// Finds out what the server speaks. The handshake first: that is what nearly all servers know, and one that knows only the
  /// newer way refuses it at once.
  func begin() async throws(LinkFault) {
    let refusal: LinkFault
    do throws(LinkFault) { return try await shakeHands() } catch { refusal = error }
    if refusal.isLost || refusal.error.code == .cancelled { throw refusal }
    do throws(LinkFault) { try await discover() } catch {
      throw error.isLost || error.error.code == .cancelled || error.error.code == .version ? error : refusal
    }
  }

  private func shakeHands() async throws(LinkFault) {
    let wanted = ProtocolRevision.lastWithHandshake
    let answer = try await link.ask(
      LinkRequest(
        id: link.nextID(), method: "initialize",
        params: [
          "protocolVersion": .string(wanted.rawValue), "capabilities": [:], "clientInfo": Self.identity,
        ], mayCancel: false))
    let result = try Self.result(answer, of: "initialize")
    let said = result["protocolVersion"]?.string ?? ""
    guard let revision = ProtocolRevision(rawValue: said), !revision.isStateless else {
      throw LinkFault(
        CmdopError(.version, "it speaks revision \"\(OneLine.of(said.cut(40)))\" of MCP, which is not known here"),
        wasTaken: false, isLost: false)
    }
    link.speak(revision)
    greet(result["serverInfo"], revision, result["capabilities"])
    await link.tellFirst("notifications/initialized", [:])
  }

  private func discover() async throws(LinkFault) {
    let revision = ProtocolRevision.july2026
    link.speak(revision)
    let answer = try await link.ask(
      LinkRequest(id: link.nextID(), method: "server/discover", params: Self.signed([:], revision, token: nil)))
    let result = try Self.result(answer, of: "server/discover")
    let supported = result["supportedVersions"]?.strings ?? []
    guard supported.contains(revision.rawValue) else {
      let named = supported.prefix(5).map { OneLine.of($0.cut(40)) }.joined(separator: ", ")
      throw LinkFault(
        CmdopError(.version, "it speaks revisions of MCP that are not known here: \(named.isEmpty ? "none" : named)"),
        wasTaken: false, isLost: false)
    }
    greet(
      result["_meta"]?["io.modelcontextprotocol/serverInfo"] ?? result["serverInfo"], revision, result["capabilities"])
  }

  private func greet(_ info: JSON?, _ revision: ProtocolRevision, _ capabilities: JSON?) {
    func text(_ member: String) -> String { OneLine.of((info?[member]?.string ?? "").cut(100)) }
    let greeting = Greeting(
      revision: revision, name: text("name"), version: text("version"), hasTools: capabilities?["tools"] != nil)
    state.withLock { $0.greeting = greeting }
  }

  // MARK: requests

  /// `hear`: told how far it is. `name`, `headers`: what HTTP repeats of it.
  func request(
    _ method: String, _ params: [String: JSON], name: String? = nil, headers: [ParameterHeaders.Filled] = [],
    hear: (@Sendable (String) -> Void)? = nil
  ) async throws(LinkFault) -> JSON {
    try await measured(method, params, name: name, headers: headers, hear: hear).result
  }

  /// With what has come for it, in bytes.
  func measured(
    _ method: String, _ params: [String: JSON], name: String? = nil, headers: [ParameterHeaders.Filled] = [],
    hear: (@Sendable (String) -> Void)? = nil
  ) async throws(LinkFault) -> (result: JSON, size: Int) {
    let (id, revision) = (link.nextID(), greeting?.revision ?? .lastWithHandshake)
    var params = JSON.object(params)
    if revision.isStateless {
      params = Self.signed(params, revision, token: hear == nil ? nil : id)
    } else if hear != nil {
      params = params.with("_meta", ["progressToken": .integer(id)])
    }
    if let hear { state.withLock { $0.listeners[id] = hear } }
    defer { state.withLock { _ = $0.listeners.removeValue(forKey: id) } }
    let answer = try await link.ask(
      LinkRequest(id: id, method: method, params: params, name: name, headers: headers))
    return (try Self.result(answer, of: method), answer.size)
  }

  /// What each request says of itself where there was no handshake.
  private static func signed(_ params: JSON, _ revision: ProtocolRevision, token: Int?) -> JSON {
    var meta: [String: JSON] = [
      "io.modelcontextprotocol/protocolVersion": .string(revision.rawValue),
      "io.modelcontextprotocol/clientCapabilities": [:],
      "io.modelcontextprotocol/clientInfo": identity,
    ]
    if let token { meta["progressToken"] = .integer(token) }
    return params.with("_meta", .object(meta))
  }

  private static func result(_ answer: LinkAnswer, of method: String) throws(LinkFault) -> JSON {
    switch answer.result {
    case .success(let result): return result
    case .failure(let error):
      let said = OneLine.of(ControlStripper.text(error.message.cut(1000)))
      throw LinkFault(
        CmdopError(.unsupported, "it refuses \(method): \(said.isEmpty ? "no reason given" : said) (\(error.code))"),
        wasTaken: true, isLost: false)
    }
  }
}

extension JSON {
  fileprivate func with(_ name: String, _ value: JSON) -> JSON {
    var members = object ?? [:]
    members[name] = value
    return .object(members)
  }
}

/// How far a call is, as a line.
enum ProgressText {
  static func of(_ params: JSON) -> String {
    if let message = params["message"]?.string, !message.isEmpty { return OneLine.of(message.cut(200)) }
    func number(_ member: String) -> String? {
      params[member]?.number.map { $0 == $0.rounded() && abs($0) < 1e15 ? "\(Int($0))" : "\($0)" }
    }
    guard let done = number("progress") else { return "" }
    return number("total").map { "\(done) of \($0)" } ?? done
  }
}
