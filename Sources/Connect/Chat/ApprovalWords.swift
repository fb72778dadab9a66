import Core
public import Wire

/// Questions of a machine's gate, in words for people. Whatever is in them comes from elsewhere: one line each, no controls.
public enum ApprovalWords {
  /// "box asks: anna wants execute_command rm -rf /tmp/build".
  public static func question(_ question: Cmdop_V1_ApprovalQuestion) -> String {
    let caller = question.caller.isEmpty ? "somebody" : question.caller
    let host = question.hostname.isEmpty ? "the machine" : question.hostname
    return OneLine.of("\(host) asks: \(caller) wants \(question.tool) \(question.target)")
  }

  /// "y once, s session, a always (execute_command(rm *)), n no". `key`: what comes before each letter: "~ ".
  public static func choices(_ question: Cmdop_V1_ApprovalQuestion, key: String = "") -> String {
    var words = ["\(key)y once", "\(key)s session"]
    if !question.rule.isEmpty { words.append("\(key)a always (\(OneLine.of(question.rule)))") }
    words.append("\(key)n no")
    return words.joined(separator: ", ")
  }

  /// "y", "yes", "once" …; nil for anything else, and for "always" where no rule would fit.
  public static func answer(
    _ text: String, to question: Cmdop_V1_ApprovalQuestion
  ) -> Cmdop_V1_Approval.Answer? {
    guard let answer = answer(text) else { return nil }
    return answer == .always && question.rule.isEmpty ? nil : answer
  }

  public static func answer(_ text: String) -> Cmdop_V1_Approval.Answer? {
    switch text.lowercased() {
    case "y", "yes", "once", "allow": .once
    case "s", "session": .session
    case "a", "always": .always
    case "n", "no", "deny": .deny
    default: nil
    }
  }

  /// "allowed by bob", "nobody answered: denied".
  public static func settled(_ settled: Cmdop_V1_ApprovalSettled) -> String {
    let by = settled.by.isEmpty ? "" : " by \(OneLine.of(settled.by))"
    return switch settled.outcome {
    case "allowed": "allowed\(by)"
    case "denied": "denied\(by)"
    case "timeout": "nobody answered: denied"
    case "withdrawn": "withdrawn"
    default: OneLine.of(settled.outcome) + by
    }
  }
}

/// The questions that are open, oldest first.
public struct ApprovalBoard: Sendable {
  public struct Entry: Sendable {
    public let question: Cmdop_V1_ApprovalQuestion
    /// After this the machine has decided by itself.
    public let end: ContinuousClock.Instant
    /// When it was first seen here: an answer that comes at once was meant for something else.
    public let seen: ContinuousClock.Instant

    /// Whole seconds.
    public func remaining(at now: ContinuousClock.Instant) -> Int {
      max(0, Int(((end - now) / .seconds(1)).rounded(.up)))
    }
  }

  public private(set) var open: [Entry] = []
  /// A machine asks at most as many at a time.
  static let most = 64

  public init() {}

  /// `wallNow`: milliseconds since 1970; a question may have been open for a while. A clock elsewhere that differs shortens
  /// nothing: whether an answer still counts is decided there.
  public mutating func ask(_ question: Cmdop_V1_ApprovalQuestion, at now: ContinuousClock.Instant, wallNow: Int64) {
    guard open.count < Self.most, !open.contains(where: { $0.question.id == question.id }) else { return }
    let seconds = Int64(min(max(question.seconds, 1), 3600))
    let (age, isAbsurd) = wallNow.subtractingReportingOverflow(question.askedAtMs)
    let isYoung = !isAbsurd && (0..<(seconds * 1000)).contains(age)
    let left = isYoung ? seconds * 1000 - age : seconds * 1000
    open.append(Entry(question: question, end: now + .milliseconds(left), seen: now))
  }

  /// The question that this settles, if it was open here.
  @discardableResult
  public mutating func settle(_ settled: Cmdop_V1_ApprovalSettled) -> Cmdop_V1_ApprovalQuestion? {
    guard let at = open.firstIndex(where: { $0.question.id == settled.id }) else { return nil }
    return open.remove(at: at).question
  }

  public mutating func clear() { open = [] }
}
