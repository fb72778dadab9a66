public import Core

/// People and the programs that call in their name.
extension Caller {
  /// The same, for a program that calls in its name: "anna (mcp: cursor 1.2)". What it calls itself is a claim and shown as such.
  public func through(client: String) -> Caller {
    let name = OneLine.of(String(String.UnicodeScalarView(client.unicodeScalars.prefix(64))))
      .split(separator: " ").joined(separator: " ")
    guard !name.isEmpty else { return self }
    return Caller(
      kind: kind, subject: "\(person) (mcp: \(name))", role: role, fleet: fleet, via: via, guest: guest, person: person)
  }
}
