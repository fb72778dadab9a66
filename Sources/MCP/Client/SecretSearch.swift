import Core

/// Finds whole secrets in what a server says, and puts a mark in their places. Before anything is cut, so that no half of one is
/// left; and quick (Boyer, Moore, Horspool), because results have megabytes.
struct SecretSearch: Sendable {
  static let mark = "…"
  /// In bytes. Shorter ones would black out half of every sentence.
  static let shortest = 8

  private struct Needle {
    let bytes: [UInt8]
    /// How far to go on, by the last byte that was looked at.
    let shifts: [Int]

    init(_ bytes: [UInt8]) {
      var shifts = [Int](repeating: bytes.count, count: 256)
      for (place, byte) in bytes.dropLast().enumerated() { shifts[Int(byte)] = bytes.count - 1 - place }
      (self.bytes, self.shifts) = (bytes, shifts)
    }

    /// Where it stands; places do not overlap.
    func places(in text: UnsafeBufferPointer<UInt8>) -> [Int] {
      var (places, start) = ([Int](), 0)
      let count = bytes.count
      while start + count <= text.count {
        let last = text[start + count - 1]
        if last == bytes[count - 1], (0..<count - 1).allSatisfy({ text[start + $0] == bytes[$0] }) {
          places.append(start)
          start += count
        } else {
          start += shifts[Int(last)]
        }
      }
      return places
    }
  }
  /// The longest first: one may be a part of another.
  private let needles: [Needle]
  private let least: Int

  init(_ secrets: Set<String>) {
    let all = secrets.map { Array($0.utf8) }.filter { $0.count >= Self.shortest }.sorted { $0.count > $1.count }
    (needles, least) = (all.map { Needle($0) }, all.last?.count ?? .max)
  }

  var isEmpty: Bool { needles.isEmpty }

  func text(_ text: String) -> String {
    guard text.utf8.count >= least else { return text }
    var text = text
    for needle in needles {
      let shown = text.withUTF8 { bytes -> String? in
        let places = needle.places(in: bytes)
        return places.isEmpty ? nil : Self.marked(bytes, places, needle.bytes.count)
      }
      if let shown { text = shown }
    }
    return text
  }

  private static func marked(_ bytes: UnsafeBufferPointer<UInt8>, _ places: [Int], _ count: Int) -> String {
    var (shown, next) = ([UInt8](), 0)
    for place in places {
      shown += bytes[next..<place]
      shown += mark.utf8
      next = place + count
    }
    shown += bytes[next...]
    return String(decoding: shown, as: UTF8.self)
  }

  /// In all its texts, also in the names of members.
  func json(_ json: JSON) -> JSON { isIn(json) ? marked(json) : json }

  /// Most messages have none, and are not made anew.
  private func isIn(_ json: JSON) -> Bool {
    switch json {
    case .string(let text): isIn(text)
    case .array(let items): items.contains(where: isIn)
    case .object(let members): members.contains { isIn($0.key) || isIn($0.value) }
    default: false
    }
  }

  private func isIn(_ text: String) -> Bool {
    guard text.utf8.count >= least else { return false }
    var text = text
    return text.withUTF8 { bytes in needles.contains { !$0.places(in: bytes).isEmpty } }
  }

  private func marked(_ json: JSON) -> JSON {
    switch json {
    case .string(let text): .string(self.text(text))
    case .array(let items): .array(items.map(marked))
    case .object(let members):
      .object(Dictionary(members.map { (text($0.key), marked($0.value)) }) { first, _ in first })
    default: json
    }
  }
}

extension RPCMessage {
  /// Words of the protocol stay: methods and ids are matched with ours and shown to nobody.
  func concealed(by secrets: SecretSearch) -> RPCMessage {
    switch self {
    case .request(let id, let method, let params): .request(id, method: method, params: secrets.json(params))
    case .notification(let method, let params): .notification(method: method, params: secrets.json(params))
    case .response(let id, .success(let result)): .response(id, .success(secrets.json(result)))
    case .response(let id, .failure(let error)):
      .response(
        id, .failure(RPCError(error.code, secrets.text(error.message), data: error.data.map { secrets.json($0) })))
    }
  }
}
