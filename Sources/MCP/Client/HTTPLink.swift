import Core
import NIOCore
import Synchronization

/// A server behind Streamable HTTP: each message is a POST, the answer JSON or a stream of events.
final class HTTPLink: ServerLink {
  let murmur = Murmur()
  /// There is no stream beside the answers.
  let isDeaf = true
  private let url: String
  private let headers: [String: String]
  private let poster: any HTTPPoster
  private let secrets: SecretSearch
  private let nursery = Nursery()
  private let lost: AsyncStream<CmdopError>
  private let losing: AsyncStream<CmdopError>.Continuation
  private let state = Mutex(State())

  private struct State {
    var last = 0
    var inFlight = 0
    var errands = 0
    var session: String?
    var revision: ProtocolRevision?
    var hear: Hearing = { _, _ in }
  }

  init(url: String, headers: [String: String], poster: any HTTPPoster, secrets: SecretSearch) {
    (self.url, self.headers, self.poster, self.secrets) = (url, headers, poster, secrets)
    (lost, losing) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
  }

  func nextID() -> Int {
    state.withLock { state in
      state.last += 1
      return state.last
    }
  }

  func speak(_ revision: ProtocolRevision) { state.withLock { $0.revision = revision } }

  func run(_ hear: @escaping Hearing) async -> CmdopError {
    state.withLock { $0.hear = hear }
    return await withTaskGroup(of: CmdopError?.self) { group in
      group.addTask {
        await self.nursery.run()
        return nil
      }
      group.addTask {
        for await error in self.lost { return error }
        return nil
      }
      defer { group.cancelAll() }
      let first = await group.next() ?? nil
      return first ?? CmdopError(.cancelled, "cancelled")
    }
  }

  // MARK: asking

  func ask(_ request: LinkRequest) async throws(LinkFault) -> LinkAnswer {
    let hasRoom = state.withLock { state in
      if state.inFlight >= LinkBounds.inFlight { return false }
      state.inFlight += 1
      return true
    }
    guard hasRoom else {
      let error = CmdopError(.limit, "it works on \(LinkBounds.inFlight) calls already", retryAfter: .seconds(5))
      throw LinkFault(error, wasTaken: false, isLost: false)
    }
    defer { state.withLock { $0.inFlight -= 1 } }
    do throws(LinkFault) {
      let message = RPCMessage.request(.number(request.id), method: request.method, params: request.params)
      return try await exchange(message, request)
    } catch {
      if Task.isCancelled, request.mayCancel { cancelled(request) }
      if error.isLost, !Task.isCancelled { losing.yield(error.error) }
      throw error
    }
  }

  private func exchange(_ message: RPCMessage, _ request: LinkRequest) async throws(LinkFault) -> LinkAnswer {
    let body = message.json.bytes
    guard body.count <= LinkBounds.longestRequest else {
      let error = CmdopError(.limit, "a call of \(body.count) bytes; at most \(LinkBounds.longestRequest) are sent")
      throw LinkFault(error, wasTaken: false, isLost: false)
    }
    let reading = AnswerReading(request.id, secrets) { self.heard($0) }
    let head: HTTPPostHead
    do throws(CmdopError) {
      head = try await poster.post(post(body, request)) { (head, piece) throws(CmdopError) in
        try reading.take(head, piece)
      }
    } catch {
      if error.code == .connectionLost {
        throw LinkFault(
          CmdopError(.connectionLost, "the answer broke off: \(error.message)"), wasTaken: true, isLost: false)
      }
      throw LinkFault(error, wasTaken: error.code != .unavailable, isLost: error.code == .unavailable)
    }
    if request.method == "initialize", let session = head.header("mcp-session-id"), Self.isVisible(session) {
      state.withLock { $0.session = session }
    }
    if let answer = reading.answer { return answer }
    throw Self.refusal(head, reading.text, hadSession: state.withLock { $0.session != nil })
  }

  /// What an answer without an answer means.
  private static func refusal(_ head: HTTPPostHead, _ text: String, hadSession: Bool) -> LinkFault {
    let said = text.isEmpty ? "" : ": \(OneLine.of(text.cut(200)))"
    switch head.status {
    case 404 where hadSession:
      return LinkFault(
        CmdopError(.connectionLost, "its session is over"), wasTaken: false, isLost: true)
    case 401, 403:
      return LinkFault(
        CmdopError(
          .unauthenticated, "it does not accept our credentials (HTTP \(head.status))\(said)",
          hint: "cmdop mcp servers add NAME --url URL --header 'Authorization: Bearer ${env:TOKEN}'"),
        wasTaken: false, isLost: true)
    case 300..<400:
      let place = head.header("location").map { " to \(OneLine.of(String($0.prefix { $0 != "?" }.prefix(200))))" } ?? ""
      return LinkFault(
        CmdopError(.badUsage, "it sends us elsewhere\(place); give that address"), wasTaken: false, isLost: true)
    case 200..<300:
      return LinkFault(
        CmdopError(.connectionLost, "the answer ended before its result was there\(said)"), wasTaken: true,
        isLost: false)
    default:
      return LinkFault(
        CmdopError(.unavailable, "it answers with HTTP \(head.status)\(said)"), wasTaken: true, isLost: false)
    }
  }

  // MARK: telling

  func tell(_ method: String, _ params: JSON) { errand(.notification(method: method, params: params)) }

  func tellFirst(_ method: String, _ params: JSON) async { await send(.notification(method: method, params: params)) }

  /// With a session the server has to be told; without one the end of the stream says it.
  private func cancelled(_ request: LinkRequest) {
    if state.withLock({ $0.revision?.isStateless ?? true }) { return }
    tell("notifications/cancelled", ["requestId": .integer(request.id), "reason": "nobody waits for it any more"])
  }

  private func heard(_ message: RPCMessage) {
    switch message {
    case .request(let id, let method, _): errand(.response(id, ServerRequests.answer(method)))
    case .notification(let method, let params): state.withLock { $0.hear }(method, params)
    case .response: break
    }
  }

  /// Sent beside what waits, and not waited for. A server that does not take what it is told misses it.
  private func errand(_ message: RPCMessage) {
    let hasRoom = state.withLock { state in
      if state.errands >= LinkBounds.inFlight { return false }
      state.errands += 1
      return true
    }
    guard hasRoom else { return }
    nursery.start {
      defer { self.state.withLock { $0.errands -= 1 } }
      await self.send(message)
    }
  }

  private func send(_ message: RPCMessage) async {
    try? await Limited.run(.seconds(10)) { () async throws(CmdopError) in
      _ = try await self.poster.post(self.post(message.json.bytes, nil)) { (_, _) throws(CmdopError) in false }
    }
  }

  private func post(_ body: [UInt8], _ request: LinkRequest?) -> HTTPPost {
    let (session, revision) = state.withLock { ($0.session, $0.revision) }
    var all: [(name: String, value: String)] = [
      ("content-type", "application/json"), ("accept", "application/json, text/event-stream"),
      ("user-agent", "cmdop/\(CmdopVersion.program)"),
    ]
    if let session { all.append(("mcp-session-id", session)) }
    if let revision { all.append(("mcp-protocol-version", revision.rawValue)) }
    if let request, revision?.isStateless == true {
      all.append(("mcp-method", request.method))
      if let name = request.name { all.append(("mcp-name", HeaderText.of(name))) }
      all += request.headers
    }
    // Those of the settings go before: somebody has reasons.
    for (name, value) in headers.sorted(by: { $0.key < $1.key }) {
      all.removeAll { $0.name == name.lowercased() }
      all.append((name, value))
    }
    return HTTPPost(url: url, headers: all, body: body)
  }

  /// Visible ASCII, as the protocol wants it: it becomes a header again.
  private static func isVisible(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 1024 && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
  }
}

/// A text as a header's value: as it is where that is possible, else in the form that the protocol has for it.
enum HeaderText {
  static func of(_ text: String) -> String {
    let isPlain =
      !text.isEmpty && text.utf8.allSatisfy { (0x20...0x7e).contains($0) } && text.first != " " && text.last != " "
      && !text.hasPrefix("=?base64?")
    return isPlain ? text : "=?base64?\(base64(Array(text.utf8)))?="
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var result: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for index in 0..<3 { bits = bits << 8 | (index < group.count ? UInt32(group[start + index]) : 0) }
      for index in 0..<4 {
        result.append(
          index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
