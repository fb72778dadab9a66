public import Core

/// People and the programs that call in their name.
extension Caller {
  private static let mark = " (mcp: "

  /// The same, for a program that calls in its name: "anna (mcp: cursor 1.2)". What it calls itself is a claim and shown as such.
  public func through(client: String) -> Caller {
    let name = OneLine.of(String(String.UnicodeScalarView(client.unicodeScalars.prefix(64))))
      .split(separator: " ").joined(separator: " ")
    guard !name.isEmpty else { return self }
    return Caller(
      kind: kind, subject: subject + Self.mark + name + ")", role: role, fleet: fleet, via: via, guest: guest)
  }

  /// Whoever it is behind such a program.
  public var person: String {
    subject.firstRange(of: Self.mark).map { String(subject[..<$0.lowerBound]) } ?? subject
  }
}
