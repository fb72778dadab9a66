import Core
import NIOCore
import NIOSSL
import NIOTLS

/// What the check of a relay's certificate said; the TLS library only knows yes and no.
@Loop
final class Verdict: Sendable {
  var refusal: CmdopError?
  /// The key that was shown and is a pinned one.
  var pin: KeyFingerprint?
}

enum ClientTLS {
  /// nil for plaintext.
  static func context(for address: RelayAddress) throws(CmdopError) -> NIOSSLContext? {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv13
    configuration.applicationProtocols = ["grpc-exp", "h2"]
    switch address.trust {
    case .plaintext: return nil
    case .systemRoots: break
    case .pinned:
      configuration.certificateVerification = .noHostnameVerification
      // Nobody's word counts but the pin: reading the system's roots for nothing costs each dial 5 ms.
      configuration.trustRoots = .certificates([])
    }
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw CmdopError(.internalError, "TLS could not be set up: \(error)")
    }
  }

  /// Whether TLS failed because nobody vouches for the certificate. The library tells its reasons apart in words only.
  static func isDistrust(_ error: any Error) -> Bool {
    guard case NIOSSLError.handshakeFailed = error else { return false }
    return String(describing: error).contains("CERTIFICATE_VERIFY_FAILED")
  }

  static func handler(
    _ context: NIOSSLContext, _ address: RelayAddress, _ verdict: Verdict
  ) throws -> NIOSSLClientHandler {
    let isAddress = address.host.contains(":") || address.host.allSatisfy { $0.isNumber || $0 == "." }
    let name = isAddress ? nil : address.host
    let pins = address.pins
    guard let pin = pins.first else {
      return try NIOSSLClientHandler(context: context, serverHostname: name)
    }
    // Replaces the library's verification: the pinned keys are the only thing that counts.
    return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, promise in
      let shown = try? certificates.first.map { try KeyFingerprint(certificate: $0) }
      if let shown, pins.contains(shown) {
        Loop.assumeIsolated { verdict.pin = shown }
        return promise.succeed(.certificateVerified)
      }
      Loop.assumeIsolated {
        verdict.refusal = CmdopError(
          .untrusted,
          "\(address.hostAndPort) is not the relay you know: its key is \(shown?.description ?? "unreadable"), not \(pin)",
          hint:
            "if the relay was set up anew: cmdop join <new join-key>, cmdop login <relay>; else somebody is in between")
      }
      promise.succeed(.failed)
    }
  }
}

/// Says when TLS is ready, or why it is not.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private let promise: EventLoopPromise<Void>
  var done: EventLoopFuture<Void> { promise.futureResult }

  init(_ loop: any EventLoop) { promise = loop.makePromise() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let chosen)? = event as? TLSUserEvent {
      if chosen == nil {
        promise.fail(CmdopError(.unavailable, "the server speaks no HTTP/2"))
      } else {
        promise.succeed()
      }
    }
    context.fireUserInboundEventTriggered(event)
  }
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    promise.fail(error)
    context.fireErrorCaught(error)
  }
  func channelInactive(context: ChannelHandlerContext) {
    promise.fail(ChannelError.eof)
    context.fireChannelInactive()
  }
  func handlerRemoved(context: ChannelHandlerContext) { promise.fail(ChannelError.eof) }
}
