public import Core

/// The id of a request: echoed as it came, a text as text and a number as number.
public enum RPCID: Hashable, Sendable {
  case number(Int)
  case text(String)

  /// nil for null, fractions and everything else that cannot be one; also for texts of over 4 KiB, which are kept nowhere.
  public init?(_ json: JSON?) {
    switch json {
    case .integer(let number): self = .number(number)
    case .string(let text) where text.utf8.count <= 4096: self = .text(text)
    default: return nil
    }
  }

  public var json: JSON {
    switch self {
    case .number(let number): .integer(number)
    case .text(let text): .string(text)
    }
  }
}

/// One message of JSON-RPC 2.0.
public enum RPCMessage: Sendable {
  case request(RPCID, method: String, params: JSON)
  case notification(method: String, params: JSON)
  case response(RPCID, Result<JSON, RPCError>)

  /// What cannot be read, and the id to answer it with, if one could be found.
  public struct Fault: Error, Sendable {
    public let id: RPCID?
    public let error: RPCError
  }

  /// The longest message that is read, in bytes.
  public static let longest = 16 << 20

  /// One message. Absent params are an empty object.
  public static func read(_ json: JSON) throws(Fault) -> RPCMessage {
    guard case .object(let members) = json else {
      throw Fault(id: nil, error: .invalidRequest("a message is a JSON object"))
    }
    let id = RPCID(members["id"])
    func fault(_ why: String) -> Fault { Fault(id: id, error: .invalidRequest(why)) }
    guard members["jsonrpc"] == "2.0" else { throw fault("\"jsonrpc\" must be \"2.0\"") }
    if let method = members["method"] {
      guard let method = method.string else { throw fault("\"method\" must be a text") }
      let params = members["params"] ?? [:]
      guard params.object != nil else { throw fault("\"params\" must be an object") }
      guard let given = members["id"] else { return .notification(method: method, params: params) }
      guard let id else {
        throw fault("\"id\" must be a short text or a whole number, not \(OneLine.of(String(given.text.prefix(40))))")
      }
      return .request(id, method: method, params: params)
    }
    switch (members["result"], members["error"]) {
    case (let result?, nil):
      guard let id else { throw fault("a response needs the id of its request") }
      return .response(id, .success(result))
    case (nil, let error?):
      guard let id else { throw fault("a response needs the id of its request") }
      let (code, message) = (error["code"]?.integer ?? -32603, error["message"]?.string ?? "")
      return .response(id, .failure(RPCError(code, message, data: error["data"])))
    default: throw fault("a message has a method, a result or an error")
    }
  }

  /// As it is sent: one line, no line feed in it.
  public var json: JSON {
    switch self {
    case .request(let id, let method, let params):
      ["jsonrpc": "2.0", "id": id.json, "method": .string(method), "params": params]
    case .notification(let method, let params): ["jsonrpc": "2.0", "method": .string(method), "params": params]
    case .response(let id, .success(let result)): ["jsonrpc": "2.0", "id": id.json, "result": result]
    case .response(let id, .failure(let error)): ["jsonrpc": "2.0", "id": id.json, "error": error.json]
    }
  }

  /// The answer to something that had no id that could be read.
  static func failure(_ fault: Fault) -> JSON {
    var members: [String: JSON] = ["jsonrpc": "2.0", "error": fault.error.json]
    members["id"] = fault.id?.json
    return .object(members)
  }
}
