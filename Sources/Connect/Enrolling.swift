public import Core
import Host
public import Wire

/// How a machine comes to belong to a fleet.
public enum Enrolling {
  /// Tries the join key's addresses in order. `name`: for people; empty: the hostname.
  public static func enroll(
    _ key: JoinKey, identity: MachineIdentity, hostname: String, name: String
  ) async throws(CmdopError) -> (reply: Cmdop_V1_EnrollReply, relays: [RelayAddress]) {
    let request = try Cmdop_V1_EnrollRequest(
      secret: key.secret, identity: identity, hostname: hostname, name: name, platform: LocalMachine.platform)
    var failure: CmdopError?
    for address in key.addresses {
      let link: Link
      do { link = try await Link.dial(address) } catch {
        failure = failure ?? error
        continue
      }
      defer { Loop.enqueue { link.close() } }
      let reply = try await TypedClient(link, credential: nil, headers: await Reach.headers).call { client, options in
        try await Cmdop_V1_Fleet.Client(wrapping: client).enroll(request, options: options)
      }
      // The address that answered goes first: it is the one this machine can reach.
      return (reply, [address] + key.addresses.filter { $0 != address })
    }
    throw failure ?? CmdopError(.badUsage, "the join key names no address")
  }
}
