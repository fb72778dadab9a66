import Core

/// What the doctor says about one thing. No secret stands in it: not what a file holds, only whether it can be used.
struct Finding: Encodable {
  enum Verdict: String, Encodable, Comparable {
    case ok, warn, fail
    static func < (one: Self, other: Self) -> Bool { one.rank < other.rank }
    private var rank: Int {
      switch self {
      case .ok: 0
      case .warn: 1
      case .fail: 2
      }
    }
  }
  let check: String
  let verdict: Verdict
  let text: String
  /// To paste.
  let hint: String?

  init(_ check: String, _ verdict: Verdict, _ text: String, hint: String? = nil) {
    (self.check, self.verdict, self.text, self.hint) = (check, verdict, OneLine.of(text), hint.map(OneLine.of))
  }

  /// What could not be done. `elsewhere`: for an error that brings no command.
  init(_ check: String, _ error: CmdopError, as verdict: Verdict = .fail, elsewhere: String) {
    let error = Hint.completed(error, elsewhere: elsewhere)
    self.init(check, verdict, error.message, hint: error.hint)
  }
}
