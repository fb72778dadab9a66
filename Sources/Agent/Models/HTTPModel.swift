import AsyncHTTPClient
import Core
import NIOCore
import NIOHTTP1

/// A model behind HTTP: sends, reads the stream, and sends again what is worth it.
struct HTTPModel: LanguageModel {
  /// A refusal that is longer says nothing more.
  private static let largestRefusal = 64 * 1024
  /// Words and calls of one answer: more than fits into a row. A server that never stops must not fill the memory.
  private static let largestAnswer = 4 * 1024 * 1024
  /// The same with the wrapping of each word.
  private static let largestStream = 64 * 1024 * 1024
  /// What an event has around its piece, roughly.
  private static let wrapping = 256
  /// For one try, whatever happens in it: a server may send signs of life for ever.
  private static let longestTry = TimeAmount.hours(1)

  let settings: ModelSettings
  private let codec: any ModelCodec
  private let client: HTTPClient
  private let retries: RetryRule
  private let time: AgentTime

  init(_ settings: ModelSettings, client: HTTPClient, retries: RetryRule, time: AgentTime) {
    (self.settings, self.client, self.retries, self.time) = (settings, client, retries, time)
    codec =
      switch settings.provider {
      case .anthropic: AnthropicMessages(model: settings.model, effort: settings.effort)
      case .openAIChat: OpenAIChat(model: settings.model, effort: settings.effort)
      case .openAIResponses: OpenAIResponses(model: settings.model, effort: settings.effort)
      }
  }

  var name: String { settings.model }
  var format: String { type(of: codec).format }
  var window: Int { settings.window }
  var mostTokens: Int { settings.mostTokens }
  var price: ModelPrice? { settings.price }

  func answer(
    _ request: ModelRequest, _ take: @escaping @Sendable (ModelDelta) async -> Void
  ) async throws(ModelFault) -> ModelAnswer {
    let body = ByteBuffer(bytes: codec.body(request).bytes)
    var tries = 0
    while true {
      let fault: StreamFault
      do throws(StreamFault) { return try await once(body, take) } catch { fault = error }
      if Task.isCancelled { throw ModelFault(.cancelled, "cancelled") }
      tries += 1
      guard let pause = retries.pause(after: fault, tries: tries) else { throw concealing(fault.fault, tries) }
      await take(.again(reason: concealing(fault.fault, 1).message, after: pause))
      do { try await time.sleep(pause) } catch { throw ModelFault(.cancelled, "cancelled") }
    }
  }

  private func once(
    _ body: ByteBuffer, _ take: @Sendable (ModelDelta) async -> Void
  ) async throws(StreamFault) -> ModelAnswer {
    var request = HTTPClientRequest(url: settings.base + codec.path)
    request.method = .POST
    request.headers.add(name: "content-type", value: "application/json")
    request.headers.add(name: "accept", value: "text/event-stream")
    request.headers.add(name: "user-agent", value: "cmdop")
    if settings.provider == .anthropic { request.headers.add(name: "anthropic-version", value: settings.version) }
    for header in settings.headers { request.headers.replaceOrAdd(name: header.name, value: header.value) }
    request.body = .bytes(body)
    let response: HTTPClientResponse
    do { response = try await client.execute(request, deadline: .now() + Self.longestTry) } catch {
      throw Self.lost(error, "cannot reach the model's service at \(place)")
    }
    guard response.status == .ok else { throw await refusal(response) }
    if response.headers.first(name: "content-type")?.hasPrefix("application/json") == true {
      throw await single(response)
    }
    return try await read(response, take)
  }

  private func read(
    _ response: HTTPClientResponse, _ take: @Sendable (ModelDelta) async -> Void
  ) async throws(StreamFault) -> ModelAnswer {
    var parser = EventStreamParser()
    var reader = codec.makeReader()
    var (received, words, isDone) = (0, 0, false)
    var body = response.body.makeAsyncIterator()
    while true {
      let piece: ByteBuffer?
      do { piece = try await body.next() } catch {
        // What came may be all there is: some servers forget to end the stream well.
        if reader.isComplete && !Task.isCancelled { break }
        throw Self.lost(error, "the answer from \(place) broke off")
      }
      guard let piece else { break }
      received += piece.readableBytes
      guard received <= Self.largestStream, words <= Self.largestAnswer else {
        throw StreamFault(.nonsense, "the model's answer does not end", mayRetry: false)
      }
      var events: [StreamEvent] = []
      let isReadable = parser.take(Array(piece.readableBytesView)[...]) { events.append($0) }
      guard isReadable else {
        throw StreamFault(.nonsense, "the model's service sent an event without an end", mayRetry: false)
      }
      for event in events {
        if event.data.elementsEqual("[DONE]".utf8) {
          isDone = true
          continue
        }
        words += max(0, event.data.count - Self.wrapping)
        guard let json = try? JSON(parsing: event.data) else {
          throw StreamFault(.nonsense, "the model's service sent an event that is no JSON", mayRetry: true)
        }
        if event.name == "error" && json["type"] == nil { throw FaultReading.inStream(json["error"] ?? json) }
        for delta in try reader.take(json) { await take(delta) }
      }
    }
    // Who says that it is done need not have said why.
    guard reader.isComplete || isDone && !reader.answer.parts.isEmpty else {
      let kind: ModelFault.Kind = received == 0 ? .nonsense : .unavailable
      throw StreamFault(kind, "the answer from \(place) ended early", mayRetry: true)
    }
    return reader.answer
  }

  private func refusal(_ response: HTTPClientResponse) async -> StreamFault {
    let body = await beginning(of: response)
    return FaultReading.of(
      status: Int(response.status.code), header: { response.headers.first(name: $0) }, body: body)
  }

  /// One object where a stream was asked for: an error under a good status, or a server that cannot stream.
  private func single(_ response: HTTPClientResponse) async -> StreamFault {
    let json = try? JSON(parsing: await beginning(of: response))
    if let error = json?["error"], !error.isNull { return FaultReading.inStream(error) }
    return StreamFault(
      .nonsense, "the service at \(place) does not stream: it answered with one object", mayRetry: false)
  }

  private func beginning(of response: HTTPClientResponse) async -> [UInt8] {
    var body: [UInt8] = []
    do {
      for try await piece in response.body {
        body += piece.readableBytesView.prefix(Self.largestRefusal - body.count)
        if body.count >= Self.largestRefusal { break }
      }
    } catch {
      // What came is enough to know that it is one.
    }
    return body
  }

  /// "127.0.0.1:11434": without what people hide in addresses.
  private var place: String {
    let host = settings.base.split(separator: "/").dropFirst().first ?? ""
    return String(host.split(separator: "@").last ?? host)
  }

  private static func lost(_ error: any Error, _ what: String) -> StreamFault {
    let error = error as? HTTPClientError
    let why =
      switch error {
      case .readTimeout?: "it said nothing for too long"
      case .connectTimeout?: "it does not answer"
      case .deadlineExceeded?: "it took more than an hour"
      case .remoteConnectionClosed?: "the connection was closed"
      default: "the connection failed"
      }
    let isOurs = error == .invalidURL || error == .emptyHost || error == .emptyScheme
    return StreamFault(
      isOurs ? .badRequest : .unavailable, "\(what): \(isOurs ? "no usable address" : why)", mayRetry: !isOurs)
  }

  /// A service may repeat the key it did not like.
  private func concealing(_ fault: ModelFault, _ tries: Int) -> ModelFault {
    var message = fault.message
    for header in settings.headers where header.isSecret {
      let secret = header.value.hasPrefix("Bearer ") ? String(header.value.dropFirst(7)) : header.value
      if secret.utf8.count >= 4 {
        message = message.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
      }
    }
    return ModelFault(fault.kind, tries > 1 ? "\(message) (after \(tries) tries)" : message, hint: fault.hint)
  }
}
