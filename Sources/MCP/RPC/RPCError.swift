public import Core

/// An error as JSON-RPC 2.0 (section 5.1) and MCP know it.
public struct RPCError: Error, Hashable, Sendable {
  public let code: Int
  public let message: String
  public let data: JSON?

  public init(_ code: Int, _ message: String, data: JSON? = nil) {
    (self.code, self.message, self.data) = (code, message, data)
  }

  public static func parse(_ message: String) -> RPCError { RPCError(-32700, message) }
  public static func invalidRequest(_ message: String) -> RPCError { RPCError(-32600, message) }
  public static func methodNotFound(_ method: String) -> RPCError {
    RPCError(-32601, "there is no method \"\(OneLine.of(String(method.prefix(100))))\"")
  }
  public static func invalidParams(_ message: String, data: JSON? = nil) -> RPCError {
    RPCError(-32602, message, data: data)
  }
  public static func internalError(_ message: String) -> RPCError { RPCError(-32603, message) }
  /// Until 2025-11-25; later it is `invalidParams`.
  public static func resourceNotFound(_ uri: String) -> RPCError {
    RPCError(-32002, "there is no resource \(OneLine.of(String(uri.prefix(500))))", data: ["uri": .string(uri)])
  }
  /// MCP 2026-07-28: a header says something else than the body.
  public static func headerMismatch(_ message: String) -> RPCError { RPCError(-32020, message) }
  /// MCP 2026-07-28: the client would have to be able to do something that it did not declare.
  public static func missingCapability(_ capabilities: JSON) -> RPCError {
    RPCError(
      -32021, "this needs a capability that the client does not have",
      data: ["requiredCapabilities": capabilities])
  }
  /// MCP 2026-07-28.
  public static func unsupportedVersion(_ requested: String) -> RPCError {
    RPCError(
      -32022, "protocol version \"\(OneLine.of(String(requested.prefix(40))))\" is not supported",
      data: [
        "requested": .string(requested), "supported": .array(ProtocolRevision.stateless.map { .string($0.rawValue) }),
      ])
  }

  public var json: JSON {
    var members: [String: JSON] = ["code": .integer(code), "message": .string(message)]
    members["data"] = data
    return .object(members)
  }
}
