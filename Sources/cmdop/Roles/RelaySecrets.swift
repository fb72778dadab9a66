import Core
import Fleet
import Host
import Wire

/// The relay's own secrets, each in a file of its own, 0600, made on first use.
struct RelaySecrets {
  let home: Home

  func joinSecret() throws(CmdopError) -> String { try secret(home.relayJoinSecret, prefix: Self.joinPrefix) }
  func adminToken() throws(CmdopError) -> String { try secret(home.relayToken, prefix: Self.tokenPrefix) }

  static let tokenPrefix = "cmt_"

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
    var current = try PrivateFiles.read(home.relaySigningKey, limit: 4096) ?? []
    if current.isEmpty {
      current = SigningKeys.newSecret()
      try PrivateFiles.write(current, to: home.relaySigningKey)
    }
    // 32 bytes of key, 8 of the time at which it was replaced.
    guard let old = try PrivateFiles.read(home.relayOldSigningKey, limit: 4096), old.count == 40 else {
      return try SigningKeys(secrets: [current])
    }
    let at = old[32...].reduce(Int64(0)) { $0 << 8 | Int64($1) }
    return try SigningKeys(secrets: [current], replaced: (Array(old.prefix(32)), at))
  }

  /// Begins a change of keys: the next TLS key, which clients learn while the present one is still in use.
  func prepareNextKey(_ pem: String) throws(CmdopError) {
    PrivateFiles.remove(home.relayNextKeyNews)
    try PrivateFiles.write(Array(pem.utf8), to: home.relayNextKey)
  }

  private struct News: Codable {
    var key: String
    var since_ms: Int64
  }

  /// A relay serves that tells everybody of its next key.
  func nextKeyIsAnnounced(_ key: KeyFingerprint) throws(CmdopError) {
    if try home.load(News.self, home.relayNextKeyNews)?.key == key.description { return }
    try home.save(News(key: key.description, since_ms: wallClock()), home.relayNextKeyNews)
  }

  /// Milliseconds since 1970; nil: no relay has served since it was made, so that nobody knows it.
  func nextKeyAnnounced() throws(CmdopError) -> Int64? {
    guard let news = try home.load(News.self, home.relayNextKeyNews), let key = try nextTLSKey() else { return nil }
    return news.key == (try Self.fingerprint(ofKey: key)).description ? news.since_ms : nil
  }

  static func fingerprint(ofKey pem: String) throws(CmdopError) -> KeyFingerprint {
    let identity = try RelayIdentity(keyPEM: pem, names: ["localhost"], now: Double(wallClock()) / 1000)
    return try KeyFingerprint(certificatePEM: identity.certificatePEM)
  }

  /// Ends it: from the next start on the new keys are in use.
  /// `isCompromised`: what the old key has signed counts no more, links and logins included.
  func useNextKey(isCompromised: Bool) throws(CmdopError) {
    guard let next = try nextTLSKey() else {
      throw CmdopError(.wrongState, "no change of keys has begun", hint: "cmdop relay rotate-key")
    }
    // A relay that runs goes on signing with the key that it knows; the next one to start changes it.
    try PrivateFiles.write(Array((isCompromised ? "drop" : "keep").utf8), to: home.relaySigningKeyEnd)
    try PrivateFiles.write(Array(next.utf8), to: home.relayKey)
    PrivateFiles.remove(home.relayNextKey)
    PrivateFiles.remove(home.relayNextKeyNews)
  }

  /// For a relay that starts: takes a new signing key if the change of keys wants one. True: what the old key has signed
  /// counts no more, and `forgetOldSigningKey` is to be called once the trails are signed anew.
  func changeSigningKey() throws(CmdopError) -> Bool {
    guard let end = try text(home.relaySigningKeyEnd) else { return false }
    let isCompromised = end == "drop"
    if let current = try PrivateFiles.read(home.relaySigningKey, limit: 4096) {
      let time = isCompromised ? 0 : wallClock()
      let stamp = (0..<8).map { UInt8(truncatingIfNeeded: time >> (56 - 8 * Int64($0))) }
      try PrivateFiles.write(current + stamp, to: home.relayOldSigningKey)
    }
    try PrivateFiles.write(SigningKeys.newSecret(), to: home.relaySigningKey)
    PrivateFiles.remove(home.relaySigningKeyEnd)
    return isCompromised
  }

  func forgetOldSigningKey() { PrivateFiles.remove(home.relayOldSigningKey) }

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
