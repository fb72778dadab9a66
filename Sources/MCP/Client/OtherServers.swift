public import Core
import Synchronization

/// All servers of others that this machine's agent uses: what they offer now, and how they are.
///
/// Nobody waits for them: they are started in the background, and their tools are there when they are.
@Loop
public final class OtherServers: ForeignTools {
  private nonisolated let means: ServerMeans
  private nonisolated let shelf = Mutex<[any Tool]>([])
  private let nursery = Nursery()
  private var servers: [String: OtherServer] = [:]
  private var entries: [ServerBook.Entry] = []
  /// Told after something about `status` is another.
  public var whenChanged: () -> Void = {}

  public nonisolated init(_ means: ServerMeans) { self.means = means }

  /// By the servers' names, then by the tools'.
  public nonisolated var current: [any Tool] { shelf.withLock(\.self) }

  /// What is wanted from now on. Servers that stay as they are go on undisturbed.
  public func use(_ book: ServerBook) {
    entries = book.entries
    let wanted = Dictionary(
      book.settings.filter { !$0.isDisabled }.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (name, server) in servers where wanted[name] != server.settings {
      server.stop()
      servers[name] = nil
    }
    for (name, settings) in wanted where servers[name] == nil {
      let server = OtherServer(settings, means) { [weak self] in self?.changed() }
      servers[name] = server
      nursery.start { await server.run() }
    }
    changed()
  }

  /// Looks after them until its task is cancelled. Returns when none of them runs any more.
  public nonisolated func run() async {
    // Off the event loop: messages of some megabytes take their time to be read.
    await withTaskExecutorPreference(globalConcurrentExecutor) { await nursery.run() }
  }

  public var status: [ServerStatus] {
    entries.map { entry in
      switch entry {
      case .bad(_, let error): ServerStatus(entry.name, .broken, why: error.message)
      case .good(let settings):
        servers[settings.name]?.status ?? ServerStatus(settings.name, settings.isDisabled ? .disabled : .starting)
      }
    }
  }

  private func changed() {
    let tools = servers.sorted { $0.key < $1.key }.flatMap { $0.value.tools as [any Tool] }
    shelf.withLock { $0 = tools }
    whenChanged()
  }
}
