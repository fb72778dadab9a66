import Core

/// Batches: several messages at once, and one array with what they are answered. Only in the revision that has them.
extension ServerConnection {
  /// Takes a batch of an initialized client. `sink` gets what belongs to its requests, and at last the array.
  func accept(_ batch: [JSON], to sink: any ReplySink) -> Accepted {
    func refused(_ why: String) -> Accepted { .answer(RPCMessage.failure(.init(id: nil, error: .invalidRequest(why)))) }
    guard handshake?.revision == .march2025 else { return refused("batches are not taken: one message at a time") }
    guard !batch.isEmpty else { return refused("there is nothing in this batch") }
    guard batch.count <= Self.mostRunning else {
      return refused("a batch may have \(Self.mostRunning) messages, not \(batch.count)")
    }
    let basket = ReplyBasket(sink)
    var works: [@Sendable () async -> Void] = []
    for element in batch {
      do throws(RPCMessage.Fault) {
        let message = try RPCMessage.read(element)
        // A second one would be refused anyhow; a 2026 one answers in its own shapes, which no batch is.
        guard message.revision == nil else {
          throw RPCMessage.Fault(id: message.id, error: .invalidRequest("a stateless request comes alone"))
        }
        switch accept(message, to: basket) {
        case .nothing: break
        case .answer(let answer): basket.collect(answer)
        case .work(let work): works.append(work)
        }
      } catch { basket.collect(RPCMessage.failure(error)) }
    }
    if works.isEmpty { return basket.answer.map { .answer($0) } ?? .nothing }
    return .work { [works] in
      await withDiscardingTaskGroup { group in
        for work in works { group.addTask { await work() } }
      }
      await basket.deliver()
    }
  }
}

/// Gathers the responses of one batch; everything else passes.
@Loop
private final class ReplyBasket: ReplySink {
  private let sink: any ReplySink
  private var responses: [JSON] = []

  init(_ sink: any ReplySink) { self.sink = sink }

  func collect(_ response: JSON) { responses.append(response) }
  func put(_ message: JSON) { if message["method"] == nil { collect(message) } else { sink.put(message) } }
  func mention(_ message: JSON) { if message["method"] == nil { collect(message) } else { sink.mention(message) } }
  func drained() async { await sink.drained() }

  /// nil: nothing in the batch is answered.
  var answer: JSON? { responses.isEmpty ? nil : .array(responses) }

  func deliver() { if let answer { sink.put(answer) } }
}
