public import NIOCore

/// IP addresses as text, each in one form only: limits and lists compare them.
public enum IPText {
  /// nil: this is none. An IPv4 address inside IPv6 ("::ffff:10.0.0.7"), as sockets for both show it, is the IPv4 one.
  public static func canonical(_ text: some StringProtocol) -> String? {
    (try? SocketAddress(ipAddress: String(text), port: 0)).flatMap { $0.ipAddress }.map(plain)
  }

  /// Who is on the other side: an IP address, or "local".
  public static func peer(_ address: SocketAddress?) -> String { address?.ipAddress.map(plain) ?? "local" }

  /// Whom the nearest proxy names in `x-forwarded-for`: the last of all that its headers list, for those before it are what the
  /// client says. nil: nobody, or something that is no address.
  public static func forwarded(_ headers: [String]) -> String? {
    let list = headers.joined(separator: ",").split(separator: ",", omittingEmptySubsequences: false)
    return list.last.flatMap { canonical($0.filter { $0 != " " && $0 != "\t" }) }
  }

  private static func plain(_ ip: String) -> String {
    let prefix = "::ffff:"
    return ip.lowercased().hasPrefix(prefix) && ip.contains(".") ? String(ip.dropFirst(prefix.count)) : ip
  }
}
