/// Every failure that may reach a user or cross the wire. docs/errors.md lists the codes.
public struct CmdopError: Error, Hashable, Sendable {
  /// A stable word for programs. Open: a peer may know words that we do not.
  public struct Code: Hashable, Sendable, RawRepresentable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let badUsage = Code(rawValue: "bad_usage")
    public static let wrongState = Code(rawValue: "wrong_state")
    public static let notFound = Code(rawValue: "not_found")
    public static let ambiguous = Code(rawValue: "ambiguous")
    public static let unavailable = Code(rawValue: "unavailable")
    public static let offline = Code(rawValue: "offline")
    public static let connectionLost = Code(rawValue: "connection_lost")
    public static let internalError = Code(rawValue: "internal")
    public static let exists = Code(rawValue: "exists")
    public static let timeout = Code(rawValue: "timeout")
    public static let limit = Code(rawValue: "limit")
    public static let unsupported = Code(rawValue: "unsupported")
    public static let version = Code(rawValue: "version")
    public static let unauthenticated = Code(rawValue: "unauthenticated")
    public static let untrusted = Code(rawValue: "untrusted")
    public static let denied = Code(rawValue: "denied")
    /// The machine wants its PIN, or another one than was given.
    public static let pinRequired = Code(rawValue: "pin_required")
    public static let cancelled = Code(rawValue: "cancelled")
  }

  public let code: Code
  /// One line, lower case, naming the thing and the value.
  public let message: String
  /// Something to paste.
  public let hint: String?
  /// When it is worth trying again, where that is known; whole seconds on the wire ("retry-after").
  public let retryAfter: Duration?

  public init(_ code: Code, _ message: String, hint: String? = nil, retryAfter: Duration? = nil) {
    (self.code, self.message, self.hint, self.retryAfter) = (code, message, hint, retryAfter)
  }
}
