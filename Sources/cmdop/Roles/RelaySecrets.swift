import Core
import Fleet
import Host

/// The relay's own secrets, each in a file of its own, 0600, made on first use.
struct RelaySecrets {
  let home: Home

  func joinSecret() throws(CmdopError) -> String { try secret(home.relayJoinSecret, prefix: Self.joinPrefix) }
  func adminToken() throws(CmdopError) -> String { try secret(home.relayToken, prefix: "cmt_") }

  static let joinPrefix = "cms_"
  func keepJoinSecret(_ secret: String) throws(CmdopError) {
    try PrivateFiles.write(Array((secret + "\n").utf8), to: home.relayJoinSecret)
  }

  func tlsKey() throws(CmdopError) -> String? { try text(home.relayKey) }
  /// What the next key will be, once a change of keys has begun.
  func nextTLSKey() throws(CmdopError) -> String? { try text(home.relayNextKey) }

  private func text(_ path: String) throws(CmdopError) -> String? {
    try PrivateFiles.read(path, limit: 64 * 1024).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The key that signs, made on first use, and the one before it.
  func signingKeys() throws(CmdopError) -> SigningKeys {
    var keys: [[UInt8]] = []
    if let current = try PrivateFiles.read(home.relaySigningKey, limit: 4096) {
      keys.append(current)
    } else {
      let fresh = SigningKeys.newSecret()
      try PrivateFiles.write(fresh, to: home.relaySigningKey)
      keys.append(fresh)
    }
    if let old = try PrivateFiles.read(home.relayOldSigningKey, limit: 4096) { keys.append(old) }
    return try SigningKeys(secrets: keys)
  }

  /// Begins a change of keys: the next TLS key, which clients learn while the present one is still in use.
  func prepareNextKey(_ pem: String) throws(CmdopError) {
    try PrivateFiles.write(Array(pem.utf8), to: home.relayNextKey)
  }

  /// Ends it: from the next start on the new keys are in use.
  func useNextKey() throws(CmdopError) {
    guard let next = try nextTLSKey() else {
      throw CmdopError(.wrongState, "no change of keys has begun", hint: "cmdop relay rotate-key")
    }
    if let current = try PrivateFiles.read(home.relaySigningKey, limit: 4096) {
      try PrivateFiles.write(current, to: home.relayOldSigningKey)
    }
    try PrivateFiles.write(SigningKeys.newSecret(), to: home.relaySigningKey)
    try PrivateFiles.write(Array(next.utf8), to: home.relayKey)
    PrivateFiles.remove(home.relayNextKey)
  }

  func keepTLSKey(_ pem: String) throws(CmdopError) {
    if try tlsKey() != pem { try PrivateFiles.write(Array(pem.utf8), to: home.relayKey) }
  }

  private func secret(_ path: String, prefix: String) throws(CmdopError) -> String {
    if let bytes = try PrivateFiles.read(path, limit: 4096) {
      let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
      if !text.isEmpty { return text }
    }
    let secret = newSecret(prefix: prefix)
    try PrivateFiles.write(Array((secret + "\n").utf8), to: path)
    return secret
  }
}
