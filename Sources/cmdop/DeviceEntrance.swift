import Connect
import Core
import Host
import Wire

/// Signs in by a code that a person approves in a browser, on whatever device (RFC 8628).
struct DeviceEntrance: Sendable {
  let relay: RelayAddress
  let home: Home
  let options: GlobalOptions

  func enter() async throws {
    let signedIn = try await Person.interruptible {
      let client = await SignInClient(relay)
      let start = try await client.startDeviceLogin(client: Person.client)
      show(start)
      let signedIn = try await wait(start, client)
      await client.close()
      return signedIn
    }
    try await SignInKeeping(relay: relay, home: home, options: options).keep(signedIn)
  }

  private func wait(
    _ start: Cmdop_V1_StartDeviceLoginReply, _ client: SignInClient
  ) async throws -> Cmdop_V1_SignedIn {
    let deadline = ContinuousClock.now + .seconds(Int64(start.expiresInSeconds))
    var pace = PollPace(seconds: start.intervalSeconds)
    while true {
      try await Task.sleep(for: pace.pause)
      guard ContinuousClock.now < deadline else {
        throw CmdopError(
          .timeout, "nobody has approved \(start.userCode) in time", hint: "cmdop login '\(relay.spoken)'")
      }
      do {
        let reply = try await client.pollDeviceLogin(start.deviceCode)
        if reply.hasSignedIn { return reply.signedIn }
        pace.told(reply.intervalSeconds)
      } catch { try pace.failed(error) }
    }
  }

  private func show(_ start: Cmdop_V1_StartDeviceLoginReply) {
    if options.json {
      struct Code: Encodable {
        let verification_uri, user_code, verification_uri_complete: String
        let expires_in: UInt32
      }
      return Report.json(
        Code(
          verification_uri: start.verificationUri, user_code: start.userCode,
          verification_uri_complete: start.verificationUriComplete, expires_in: start.expiresInSeconds))
    }
    if StandardStreams.isTerminal(2),
      let picture = QRPicture.lines(start.verificationUriComplete, columns: StandardStreams.columns)
    {
      StandardStreams.writeError(Array(("\n" + picture.joined(separator: "\n") + "\n\n").utf8))
    }
    Report.note("open:  \(start.verificationUri)")
    Report.note("code:  \(start.userCode)")
    Report.note("or:    \(start.verificationUriComplete)")
    Report.note("waiting until it is approved, at most \(start.expiresInSeconds / 60) min; Ctrl-C gives up")
  }
}
