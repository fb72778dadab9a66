public import Core
public import GRPCCore
import NIOHPACK

/// The border between our errors and gRPC's status. Both are in docs/errors.md.
extension CmdopError.Code {
  var status: Int {
    switch self {
    case .cancelled: 1
    case .badUsage: 3
    case .timeout: 4
    case .notFound, .ambiguous: 5
    case .exists: 6
    case .denied, .untrusted: 7
    case .limit: 8
    case .wrongState: 9
    case .unsupported, .version: 12
    case .internalError: 13
    case .unavailable, .offline, .connectionLost: 14
    case .unauthenticated, .pinRequired: 16
    default: 2
    }
  }

  /// For peers that send only a status: the nearest of our codes.
  init(status: Int) {
    let codes: [Int: CmdopError.Code] = [
      1: .cancelled, 3: .badUsage, 4: .timeout, 5: .notFound, 6: .exists, 7: .denied, 8: .limit, 9: .wrongState,
      12: .unsupported, 14: .unavailable, 16: .unauthenticated,
    ]
    self = codes[status] ?? .internalError
  }
}

enum Trailers {
  /// gRPC's trailers, and two of our own that carry what a status cannot: the exact code, and what to paste.
  static func encode(_ error: CmdopError?) -> HPACKHeaders {
    guard let error else { return ["grpc-status": "0"] }
    var trailers: HPACKHeaders = [
      "grpc-status": String(error.code.status), "grpc-message": percentEncoded(error.message),
      "cmdop-code": error.code.rawValue,
    ]
    if let hint = error.hint { trailers.add(name: "cmdop-hint", value: percentEncoded(hint)) }
    if let seconds = error.retryAfterSeconds { trailers.add(name: "retry-after", value: "\(seconds)") }
    return trailers
  }

  /// nil: it went well.
  static func decode(_ trailers: HPACKHeaders) -> CmdopError? {
    guard let status = trailers.first(name: "grpc-status").flatMap(Int.init) else {
      return CmdopError(.connectionLost, "the call ended without saying how")
    }
    if status == 0 { return nil }
    return CmdopError(
      trailers.first(name: "cmdop-code").map { .init(rawValue: $0) } ?? .init(status: status),
      trailers.first(name: "grpc-message").map(percentDecoded) ?? "the call failed with gRPC status \(status)",
      hint: trailers.first(name: "cmdop-hint").map(percentDecoded),
      retryAfter: trailers.first(name: "retry-after").flatMap { UInt32($0) }.map { .seconds(Int64($0)) })
  }

  /// Percent-encoding as gRPC's HTTP/2 mapping asks for "grpc-message": everything outside printable ASCII, and "%".
  static func percentEncoded(_ text: String) -> String {
    let hex = Array("0123456789ABCDEF".utf8)
    var bytes: [UInt8] = []
    for byte in text.utf8 {
      if (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "%") {
        bytes.append(byte)
      } else {
        bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func percentDecoded(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Substring(text)
    while let first = rest.first {
      if first == "%", let value = UInt8(rest.dropFirst().prefix(2), radix: 16) {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes += Array(String(first).utf8)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension CmdopError: RPCErrorConvertible {
  public var rpcErrorCode: RPCError.Code { Status.Code(rawValue: code.status).flatMap { .init($0) } ?? .unknown }
  public var rpcErrorMessage: String { message }
  public var rpcErrorMetadata: Metadata {
    var metadata: Metadata = ["cmdop-code": "\(code.rawValue)"]
    if let hint { metadata.addString(Trailers.percentEncoded(hint), forKey: "cmdop-hint") }
    if let retryAfterSeconds { metadata.addString("\(retryAfterSeconds)", forKey: "retry-after") }
    return metadata
  }

  /// As RFC 9110, section 10.2.3, wants it: whole seconds, at least one.
  public var retryAfterSeconds: Int64? { retryAfter.map { max(1, $0.components.seconds) } }

  /// What a typed call threw, in our words.
  public init(_ error: any Error) {
    switch error {
    case let error as CmdopError: self = error
    case is CancellationError: self = CmdopError(.cancelled, "cancelled")
    case let error as RPCError:
      let code = error.metadata[stringValues: "cmdop-code"].first { _ in true }
      let hint = error.metadata[stringValues: "cmdop-hint"].first { _ in true }
      let pause = error.metadata[stringValues: "retry-after"].first { _ in true }.flatMap { UInt32($0) }
      self = CmdopError(
        code.map { .init(rawValue: $0) } ?? .init(status: error.code.rawValue), error.message,
        hint: hint.map(Trailers.percentDecoded), retryAfter: pause.map { .seconds(Int64($0)) })
    default: self = CmdopError(.internalError, "\(error)")
    }
  }
}
