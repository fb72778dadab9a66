public import Core
import Crypto

/// One line of a fleet's trail: who was let in or refused, who changed what. Never a secret.
public struct AuditEntry: Hashable, Sendable {
  /// 1, 2, 3, … in each fleet.
  public let number: UInt64
  public let note: AuditNote
  /// Milliseconds since 1970.
  public let at: Int64
  /// SHA-256 over the entry before and this one, hex.
  public let hash: String

  public init(number: UInt64, at: Int64, note: AuditNote, hash: String) {
    (self.number, self.at, self.note, self.hash) = (number, at, note, hash)
  }
}

/// What a line says.
public struct AuditNote: Hashable, Sendable {
  public var fleet: FleetID
  /// "anna", "key:ci", "guest:bob", "machine:box", "host" (on the relay's host), "relay", "nobody".
  public var actor: String
  /// "login", "session.open", "member.invite", …
  public var action: String
  /// Names and ids.
  public var object: String
  public var isRefused: Bool
  public var detail: String
  public var address: String

  public init(
    _ action: String, by actor: String, in fleet: FleetID, object: String = "", isRefused: Bool = false,
    detail: String = "", address: String = ""
  ) {
    (self.action, self.actor, self.fleet, self.object) = (action, Self.short(actor), fleet, Self.short(object))
    (self.isRefused, self.detail, self.address) = (isRefused, Self.short(detail), Self.short(address))
  }

  /// What strangers say is kept in one line of at most 256 bytes.
  private static func short(_ text: String) -> String {
    OneLine.of(String(decoding: text.utf8.prefix(256), as: UTF8.self))
  }

  public var outcome: String { isRefused ? "refused" : "ok" }
}

/// How a trail ends, signed: whoever cuts lines off its end has to forge this.
public struct AuditHead: Hashable, Sendable {
  /// 0: nothing was written yet.
  public var number: UInt64
  public var hash: String
  public var signature: [UInt8]
  public var publicKey: [UInt8]

  public init(number: UInt64, hash: String, signature: [UInt8], publicKey: [UInt8]) {
    (self.number, self.hash, self.signature, self.publicKey) = (number, hash, signature, publicKey)
  }
}

/// The arithmetic of the trail. Pure, so that a client can check what a relay says.
public enum AuditChain {
  /// Before the first entry.
  public static let start = String(repeating: "0", count: 64)

  /// Each field with its length in front, so that nothing can move from one to the next.
  public static func hash(after previous: String, number: UInt64, at: Int64, _ note: AuditNote) -> String {
    let fields = [
      "cmdop-audit-v1", previous, note.fleet.rawValue, "\(number)", "\(at)", note.actor, note.action, note.object,
      note.outcome, note.detail, note.address,
    ]
    var digest = SHA256()
    for field in fields { digest.update(data: Array("\(field.utf8.count):\(field)".utf8)) }
    return hex(digest.finalize())
  }

  static func headClaim(_ fleet: FleetID, number: UInt64, hash: String) -> [UInt8] {
    Array("cmdop-audit-v1\0\(fleet)\0\(number)\0\(hash)".utf8)
  }

  /// nil: every entry follows from the one before it, and the last one is the one that the relay has signed.
  /// Else what is wrong, and where.
  public static func fault(in entries: [AuditEntry], fleet: FleetID, head: AuditHead) -> String? {
    var walk = Walk(fleet: fleet)
    for entry in entries {
      if let fault = walk.fault(at: entry) { return fault }
    }
    return walk.fault(at: head)
  }

  /// The same piece by piece, for trails that do not fit into memory.
  public struct Walk: Sendable {
    public let fleet: FleetID
    public private(set) var number: UInt64 = 0
    public private(set) var hash = AuditChain.start

    public init(fleet: FleetID) { self.fleet = fleet }

    public mutating func fault(at entry: AuditEntry) -> String? {
      guard entry.number == number + 1 else {
        return "entry \(number + 1) is missing: after \(number) comes \(entry.number)"
      }
      guard entry.note.fleet == fleet,
        AuditChain.hash(after: hash, number: entry.number, at: entry.at, entry.note) == entry.hash
      else { return "entry \(entry.number) was changed, or the one before it" }
      (number, hash) = (entry.number, entry.hash)
      return nil
    }

    public func fault(at head: AuditHead) -> String? {
      guard head.number == number else {
        return "the trail ends at entry \(number), but the relay has signed \(head.number)"
      }
      // Each trail begins with the fleet.
      if head.number == 0 { return "the trail is empty: it was emptied" }
      guard head.hash == hash else { return "the last entry is not the one that the relay has signed" }
      guard isSigned(AuditChain.headClaim(fleet, number: number, hash: hash), by: head.publicKey, head.signature) else {
        return "the relay's signature under entry \(number) is false"
      }
      return nil
    }
  }
}
