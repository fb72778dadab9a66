public import Core
import FoundationEssentials
public import NIOCore
public import SwiftProtobuf

// Other rooms see neither protobuf nor Foundation's Data: these are the few words they need.

extension SwiftProtobuf.Message {
  /// A message filled in by `fill`.
  public static func filled(_ fill: (inout Self) -> Void) -> Self {
    var message = Self()
    fill(&message)
    return message
  }
}

extension Cmdop_V1_SendInputCommand {
  public init(offset: UInt64, bytes: ByteBuffer) {
    self.init()
    self.offset = offset
    data = Data(bytes.readableBytesView)
  }
  public var bytes: ByteBuffer { ByteBuffer(bytes: data) }
}

extension Cmdop_V1_TerminalOutput {
  public init(offset: UInt64, bytes: ByteBuffer, inputAccepted: UInt64) {
    self.init()
    self.offset = offset
    data = Data(bytes.readableBytesView)
    self.inputAccepted = inputAccepted
  }
  public var bytes: ByteBuffer { ByteBuffer(bytes: data) }
}

extension Cmdop_V1_ScreenRedraw {
  public init(offset: UInt64, bytes: [UInt8], size: TerminalSize) {
    self.init()
    self.offset = offset
    data = Data(bytes)
    (rows, columns) = (UInt32(size.rows), UInt32(size.columns))
  }
  public var bytes: ByteBuffer { ByteBuffer(bytes: data) }
}

extension Cmdop_V1_SavedPiece {
  public init(offset: UInt64, bytes: ArraySlice<UInt8>) {
    self.init()
    self.offset = offset
    data = Data(bytes)
  }
  public var bytes: [UInt8] { Array(data) }
}

extension Cmdop_V1_StartSessionCommand {
  public var historyBytes: [UInt8] {
    get { Array(history.prefix(1024 * 1024)) }
    set { history = Data(newValue) }
  }
}

extension Cmdop_V1_SessionDetails {
  /// As `bytes` gives it.
  public init(bytes: [UInt8]) throws { try self.init(serializedBytes: bytes) }
  public var bytes: [UInt8] { (try? serializedBytes()) ?? [] }
}

extension Cmdop_V1_CommandOutput {
  public init(_ stream: Stream, offset: UInt64, bytes: ByteBuffer) {
    self.init()
    self.stream = stream
    self.offset = offset
    data = Data(bytes.readableBytesView)
  }
  public var bytes: ByteBuffer { ByteBuffer(bytes: data) }
}

extension Cmdop_V1_EnrollRequest {
  public init(secret: String, identity: MachineIdentity, hostname: String, name: String, platform: String)
    throws(CmdopError)
  {
    self.init()
    self.secret = secret
    publicKey = Data(identity.publicKey)
    signature = Data(try identity.sign(MachineIdentity.enrollmentClaim(secret: secret, hostname: hostname)))
    (self.hostname, self.name, self.platform) = (hostname, name, platform)
  }
  public var publicKeyBytes: [UInt8] { Array(publicKey) }
  public var signatureBytes: [UInt8] { Array(signature) }
}

extension Cmdop_V1_AuditHead {
  public var signatureBytes: [UInt8] {
    get { Array(signature) }
    set { signature = Data(newValue) }
  }
  public var publicKeyBytes: [UInt8] {
    get { Array(publicKey) }
    set { publicKey = Data(newValue) }
  }
}
