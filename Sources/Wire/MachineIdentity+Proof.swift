public import Core
import FoundationEssentials

/// How a machine proves to a relay who it is, each time it connects.
extension MachineIdentity {
  /// What is signed. `relayPin`: the relay's key as this machine saw it in the handshake, "" where none is pinned: whoever
  /// stands in between has another key and can do nothing with the answer.
  public static func connectClaim(machine: MachineID, relayPin: String, nonce: [UInt8]) -> [UInt8] {
    Array("cmdop-connect-v1\0\(machine.rawValue)\0\(relayPin)\0".utf8) + nonce
  }
}

extension Cmdop_V1_Challenge {
  public init(nonce: [UInt8]) {
    self.init()
    self.nonce = Data(nonce)
  }
  public var nonceBytes: [UInt8] { Array(nonce) }
}

extension Cmdop_V1_ChallengeProof {
  public init(signature: [UInt8], relayPin: String) {
    self.init()
    (self.signature, self.relayPin) = (Data(signature), relayPin)
  }
  public var signatureBytes: [UInt8] { Array(signature) }
}
