public import Core
import Host
public import Permission
import Synchronization

/// permissions.yaml: read when it has changed, written whole. A file that is refused – broken, or open to others – changes
/// nothing: the last good policy stays in force; without one it is strict.
public final class PolicyFile: Sendable {
  public let path: String

  private struct State {
    var stamp: FileStamp?
    var good: Policy?
    var fault: CmdopError?
    /// What a file that is refused says of people: it counts, as far as no good policy is known.
    var brokenEnforces = false
    var session: [Rule] = []
    /// Rules of one conversation.
    var conversations: [String: [Rule]] = [:]
    /// What is compiled from the above; emptied with every change.
    var compiled: [String?: Policies] = [:]
    /// Counts what was read: who has read for long must not put back what was before.
    var reading = 0
  }
  /// Never locked over a wait for the disk.
  private let state = Mutex(State())
  /// Where the file is looked at: not on the threads that everybody runs on.
  private static let desk = SlowWork("looks at permissions.yaml", threads: 1, most: 4096)
  /// More session rules are forgotten, oldest first: an answer is for the day, not for ever.
  private static let mostSessionRules = 1000

  public init(path: String) { self.path = path }

  /// What is in force now. `session`: the conversation, whose own rules come first. When it cannot even be looked at, it is strict.
  public func policies(session: String? = nil) async -> Policies {
    do throws(CmdopError) { return try await Self.desk.run { self.policiesNow(session: session) } } catch {
      return Policies(global: .strict)
    }
  }

  /// The same for whoever may wait for the disk where it is.
  func policiesNow(session: String? = nil) -> Policies {
    reload()
    return state.withLock { state in
      if let known = state.compiled[session] { return known }
      let own = session.flatMap { state.conversations[$0] } ?? []
      let policies = Policies(global: Self.inForce(state), session: own + state.session)
      if state.compiled.count > 100 { state.compiled = [:] }
      state.compiled[session] = policies
      return policies
    }
  }

  /// As it is in force, for people to read.
  public var policy: Policy {
    reload()
    return state.withLock { Self.inForce($0) }
  }

  private static func inForce(_ state: borrowing State) -> Policy {
    if let good = state.good { return good }
    var policy = Policy.strict
    policy.enforcesOperators = state.brokenEnforces
    return policy
  }

  /// Whether a text that is no policy seems to want the rules for people, too.
  private static func wantsOperators(_ text: String) -> Bool {
    text.split(whereSeparator: \.isNewline).contains { line in
      guard let name = line.firstRange(of: "enforce_operators") else { return false }
      let value = line[name.upperBound...].drop { " :=\t\"'".contains($0) }.prefix { $0.isLetter || $0.isNumber }
      return ["true", "yes", "on", "y", "1"].contains(value.lowercased())
    }
  }

  /// Why the file is refused; nil when it is good, or not there.
  public var fault: CmdopError? {
    reload()
    return knownFault
  }

  /// The same, of when it was last looked at.
  var knownFault: CmdopError? { state.withLock { $0.fault } }

  /// The rules that last until the daemon ends.
  public func sessionRules(of conversation: String? = nil) -> [Rule] {
    state.withLock { state in (conversation.flatMap { state.conversations[$0] } ?? []) + state.session }
  }

  /// For this session only: nothing is written. `conversation` nil: for whatever this process judges.
  public func remember(_ rule: Rule, conversation: String? = nil) {
    state.withLock { state in
      if let conversation {
        var rules = (state.conversations[conversation] ?? []).filter { $0.text != rule.text }
        rules.append(rule)
        state.conversations[conversation] = rules.suffix(Self.mostSessionRules)
      } else {
        state.session = (state.session.filter { $0.text != rule.text } + [rule]).suffix(Self.mostSessionRules)
      }
      state.compiled = [:]
    }
  }

  /// The conversation is over, and what was said in it.
  public func forget(conversation: String) {
    state.withLock { state in
      state.conversations[conversation] = nil
      state.compiled[conversation] = nil
    }
  }

  // MARK: changing the file

  /// Puts a rule in; one with the same text is replaced, whatever it said.
  public func add(_ rule: Rule) async throws(CmdopError) {
    try await change { policy in
      policy.rules.removeAll { $0.text == rule.text }
      policy.rules.append(rule)
    }
  }

  /// Takes rules out, by their text, or by the beginning of their id (8 characters at least). Throws `notFound` if there is none.
  public func revoke(_ words: String) async throws(CmdopError) -> [Rule] {
    let gone = try await change { policy in
      let gone = policy.rules.filter {
        $0.text == words || words.utf8.count >= 8 && $0.id.hasPrefix(words.lowercased())
      }
      policy.rules.removeAll { gone.contains($0) }
      return gone
    }
    if gone.isEmpty {
      throw CmdopError(.notFound, "there is no rule \"\(OneLine.of(words))\"", hint: "cmdop permissions list")
    }
    return gone
  }

  public func set(_ mode: PermissionMode) async throws(CmdopError) { try await change { $0.mode = mode } }

  public func setEnforcesOperators(_ flag: Bool) async throws(CmdopError) {
    try await change { $0.enforcesOperators = flag }
  }

  /// One writer at a time, other processes included. A file that is refused is never written over.
  private func change<T: Sendable>(_ body: @escaping @Sendable (inout Policy) -> T) async throws(CmdopError) -> T {
    try await FileLock.hold("\(path).lock", what: "permissions.yaml") { () throws(CmdopError) in
      try await Self.desk.attempt { () throws(CmdopError) in
        self.reload(isForced: true)
        let (fault, good) = self.state.withLock { ($0.fault, $0.good) }
        if let fault { throw fault }
        var policy = good ?? Policy()
        let value = body(&policy)
        // What would be refused when it is read is not written.
        _ = try Policy(yaml: policy.yaml)
        try PrivateFiles.write(Array(policy.yaml.utf8), to: self.path)
        self.reload(isForced: true)
        return value
      }
    }
  }

  /// Waits for the disk, without the lock; what was read is put in its place at once, unless somebody was quicker.
  private func reload(isForced: Bool = false) {
    if isForced { state.withLock { ($0.stamp, $0.reading) = (nil, $0.reading + 1) } }
    for _ in 0..<4 {
      let stamp = FileStamp(path)
      let (isKnown, hasGood, reading) = state.withLock { state in
        let isGone = stamp == nil && state.stamp == nil && state.good != nil && state.fault == nil
        return (isGone || stamp != nil && stamp == state.stamp, state.good != nil, state.reading)
      }
      if isKnown && !isForced { return }
      let found = read(stamp, hasGood: hasGood)
      let isTaken = state.withLock { state in
        guard state.reading == reading else { return false }
        (state.stamp, state.compiled, state.brokenEnforces) = (stamp, [:], found.enforces)
        (state.fault, state.good) = (found.fault, found.good ?? state.good)
        state.reading += 1
        return true
      }
      if isTaken { return }
    }
  }

  /// The file as it is. `good` nil: what was good before stays so.
  private func read(_ stamp: FileStamp?, hasGood: Bool) -> (good: Policy?, fault: CmdopError?, enforces: Bool) {
    var enforces = false
    do throws(CmdopError) {
      // Also of a file that others may write: it can only make things stricter.
      if !hasGood, stamp?.isRegular == true, let bytes = try? PrivateFiles.read(path, limit: Policy.longest) {
        enforces = Self.wantsOperators(String(decoding: bytes, as: UTF8.self))
      }
      try checkPlace(stamp)
      guard let bytes = try PrivateFiles.read(path, limit: Policy.longest) else {
        // Never written: the rules of the house. Gone after it was there: what it said stays until somebody says otherwise.
        return (hasGood ? nil : Policy(), nil, enforces)
      }
      guard let text = String(validating: bytes, as: UTF8.self) else { throw CmdopError(.badUsage, "it is not UTF-8") }
      return (try Policy(yaml: text), nil, enforces)
    } catch {
      let fault = CmdopError(
        error.code, "\(path) is refused: \(error.message)",
        hint: error.hint.flatMap { $0.hasPrefix("chmod") ? $0 : nil }
          ?? "mv \(path) \(path).broken   # cmdop permissions list: what is in force instead")
      return (nil, fault, enforces)
    }
  }

  private func checkPlace(_ stamp: FileStamp?) throws(CmdopError) {
    if let stamp {
      guard stamp.isRegular else { throw CmdopError(.denied, "it is no plain file") }
      guard stamp.isOwn else { throw CmdopError(.denied, "it belongs to another user") }
      guard stamp.mode & 0o077 == 0 else {
        throw CmdopError(.denied, "other users may read or write it", hint: "chmod 600 \(path)")
      }
    }
    let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    guard let place = FileStamp(folder.isEmpty ? "/" : folder) else { return }
    guard place.isOwn || place.isRoots else { throw CmdopError(.denied, "its folder belongs to another user") }
    guard place.mode & 0o022 == 0 else {
      throw CmdopError(.denied, "other users may write into its folder", hint: "chmod 700 \(folder)")
    }
  }
}
