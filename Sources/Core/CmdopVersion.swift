/// The version of this program and of the protocol it speaks.
public enum CmdopVersion {
  public static let program = "0.1.0"
  /// Raised when a peer that does not know the change would misunderstand us. docs/wire.md, "Versions".
  public static let protocolVersion: UInt32 = 1
  /// The oldest protocol that this program still speaks.
  public static let minimumProtocolVersion: UInt32 = 1
}
