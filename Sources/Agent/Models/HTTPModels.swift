import AsyncHTTPClient
public import Core
import NIOCore

/// Where a model comes from, by its name.
public protocol ModelSource: Sendable {
  /// nil: the one that the settings name. Throws what keeps it from being asked: no key, no name.
  func model(_ name: String?) throws(CmdopError) -> any LanguageModel
}

/// Models behind HTTP, through one client for all of them. `close` it before the process ends.
public final class HTTPModels: ModelSource {
  private let environment: ModelEnvironment
  private let catalogue: ModelCatalogue
  private let client: HTTPClient
  private let time: AgentTime
  private let retries: RetryRule

  /// `silence`: how long a service may say nothing before it counts as gone. Long: models think, and local ones read slowly.
  public init(
    _ environment: ModelEnvironment, catalogue: ModelCatalogue = ModelCatalogue(), time: AgentTime,
    silence: Duration = .seconds(300)
  ) {
    (self.environment, self.catalogue, self.time, retries) = (environment, catalogue, time, RetryRule())
    // The process's one loop: no threads of their own. No redirects: they would carry the key elsewhere.
    var configuration = HTTPClient.Configuration(
      redirectConfiguration: .disallow,
      timeout: HTTPClient.Configuration.Timeout(
        connect: .seconds(10), read: .nanoseconds(Int64(clamping: silence.nanoseconds))))
    // It would try for those ten seconds also where nobody listens; when to try again is our own rule.
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroup: Loop.eventLoop, configuration: configuration)
  }

  public func model(_ name: String?) throws(CmdopError) -> any LanguageModel {
    let settings = try environment.settings(name, catalogue)
    return HTTPModel(settings, client: client, retries: retries, time: time)
  }

  /// Ends its connections.
  public func close() async { try? await client.shutdown() }
}

extension Duration {
  fileprivate var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(clamping: min(seconds, 1 << 30)) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
