import Core
import NIOCore
import Synchronization

/// Reads what a POST is answered with, as JSON or as a stream of events, until the answer to one request is there.
final class AnswerReading: Sendable {
  private let id: Int
  private let secrets: SecretSearch
  private let heard: @Sendable (RPCMessage) -> Void
  private let state = Mutex(State())

  private struct State {
    var body: [UInt8] = []
    var parser = EventStreamParser(largest: RPCMessage.longest)
    var received = 0
    var answer: Result<JSON, RPCError>?
    var isRead = false
  }
  /// What comes for one request; progress and its like are many small messages.
  private static let most = 64 << 20

  init(_ id: Int, _ secrets: SecretSearch, _ heard: @escaping @Sendable (RPCMessage) -> Void) {
    (self.id, self.secrets, self.heard) = (id, secrets, heard)
  }

  /// Whether more is wanted. Throws `limit` for what is too much.
  func take(_ head: HTTPPostHead, _ piece: ByteBuffer) throws(CmdopError) -> Bool {
    let isStream = head.header("content-type")?.lowercased().hasPrefix("text/event-stream") == true
    let (bytes, isError) = (Array(piece.readableBytesView), !(200..<300).contains(head.status))
    var (messages, isReadable, isOver): ([RPCMessage], Bool, Bool) = ([], true, false)
    state.withLock { state in
      state.received += bytes.count
      guard isStream && !isError else {
        // Of an error its beginning says enough.
        isReadable = isError || state.body.count + bytes.count <= RPCMessage.longest
        if isReadable { state.body += bytes.prefix(isError ? max(0, 64 * 1024 - state.body.count) : bytes.count) }
        isOver = isError && state.body.count >= 64 * 1024
        return
      }
      isReadable =
        state.parser.take(bytes[...]) { event in
          messages += ServerMessage.read(event.data, secrets)
        } && state.received <= Self.most
      for case .response(let id, let result) in messages where state.answer == nil && isOurs(id) {
        state.answer = result
      }
      isOver = state.answer != nil
    }
    for message in messages { heard(message) }
    if isOver { return false }
    guard isReadable else { throw CmdopError(.limit, "its answer is larger than any that is read") }
    return true
  }

  /// nil: there was none.
  var answer: LinkAnswer? {
    state.withLock { state in
      (state.answer ?? answer(in: state.body)).map { LinkAnswer(result: $0, size: state.received) }
    }
  }

  private func answer(in body: [UInt8]) -> Result<JSON, RPCError>? {
    for case .response(let id, let result) in ServerMessage.read(body, secrets) where isOurs(id) { return result }
    // An error that came before the request's id could be read.
    if let error = (try? JSON(parsing: body))?["error"], let code = error["code"]?.integer {
      return .failure(RPCError(code, secrets.text(error["message"]?.string ?? "")))
    }
    return nil
  }

  private func isOurs(_ id: RPCID) -> Bool { id == .number(self.id) || id == .text("\(self.id)") }

  /// The beginning of what came instead.
  var text: String { state.withLock { String(decoding: $0.body.prefix(1000), as: UTF8.self) } }
}
