public import Core

/// What comes of trying a server once, for whoever sets it up.
public struct ServerReport: Sendable {
  public struct Offer: Sendable {
    /// In rules: `server:tool`.
    public let rule: String
    public let title: String
    /// What the server calls it.
    public let name: String
    public let isReadOnly: Bool
  }

  public var revision: String?
  /// What it calls itself, with its version.
  public var server: String?
  public var tools: [Offer] = []
  public var leftOut: [LeftOut] = []
  public var connecting: Duration?
  public var listing: Duration?
  /// Lines on its standard output that are no messages, and the first of them.
  public var noise: (lines: Int, sample: String) = (0, "")
  /// The end of its standard error.
  public var lastWords = ""
  /// Why it does not work.
  public var fault: CmdopError?

  /// Connects, asks what there is, and leaves. `limit`: for all of it.
  public static func make(
    _ settings: ServerSettings, _ means: ServerMeans, limit: Duration = .seconds(180)
  ) async -> ServerReport {
    await withTaskExecutorPreference(globalConcurrentExecutor) { await trial(settings, means, limit) }
  }

  private static func trial(_ settings: ServerSettings, _ means: ServerMeans, _ limit: Duration) async -> ServerReport {
    var report = ServerReport()
    let (link, conceal): (any ServerLink, Concealment)
    do throws(CmdopError) { (link, conceal) = try await means.link(settings) } catch {
      report.fault = error
      return report
    }
    let session = ServerSession(link)
    let result = await withTaskGroup(of: Result<ServerReport, CmdopError>?.self) { group in
      group.addTask {
        let why = await link.run { session.hear($0, $1) }
        return .failure(why)
      }
      group.addTask { await talk(session, settings, limit) }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first ?? .failure(CmdopError(.cancelled, "cancelled"))
    }
    switch result {
    case .success(let done): report = done
    case .failure(let error): report.fault = conceal.error(error.explained(by: link.murmur))
    }
    if let greeting = session.greeting {
      report.revision = greeting.revision.rawValue
      report.server = conceal.text(greeting.text)
    }
    report.noise = (link.murmur.noise.lines, conceal.text(link.murmur.noise.sample))
    report.lastWords = conceal.text(link.murmur.tail)
    return report
  }

  private static func talk(
    _ session: ServerSession, _ settings: ServerSettings, _ limit: Duration
  ) async -> Result<ServerReport, CmdopError> {
    do throws(CmdopError) {
      return .success(
        try await Limited.run(limit) { () throws(LinkFault) in
          var report = ServerReport()
          let start = ContinuousClock.now
          try await session.begin()
          let connected = ContinuousClock.now
          let offered = try await OfferedTools.read(session, settings)
          (report.connecting, report.listing) = (connected - start, .now - connected)
          report.leftOut = offered.leftOut
          report.tools = offered.tools.map {
            Offer(
              rule: $0.definition.name, title: $0.definition.title, name: OneLine.of($0.wire),
              isReadOnly: $0.definition.traits.isReadOnly)
          }
          return report
        })
    } catch { return .failure(error) }
  }
}
