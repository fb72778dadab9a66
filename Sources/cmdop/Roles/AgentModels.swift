import Agent
import Core
import Synchronization

/// The models, once their keys can be read: a file that is mended counts from the next turn on.
final class KeyedModels: ModelSource {
  private let hostname: String
  private let load: @Sendable () throws(CmdopError) -> HTTPModels
  private let loaded = Mutex<HTTPModels?>(nil)

  init(on hostname: String, _ load: @escaping @Sendable () throws(CmdopError) -> HTTPModels) {
    (self.hostname, self.load) = (hostname, load)
  }

  /// What keeps the keys from being read; nil: nothing.
  var fault: CmdopError? {
    do throws(CmdopError) { _ = try models() } catch { return error }
    return nil
  }

  func model(_ name: String?) throws(CmdopError) -> any LanguageModel {
    do throws(CmdopError) { return try models().model(name) } catch { throw error.told(of: hostname) }
  }

  private func models() throws(CmdopError) -> HTTPModels {
    try loaded.withLock { (loaded) throws(CmdopError) in
      if let loaded { return loaded }
      let fresh = try load()
      loaded = fresh
      return fresh
    }
  }

  func close() async { await loaded.withLock({ $0 })?.close() }
}

/// In place of models where the settings are broken: the daemon runs, and whoever talks to its agent hears why that does not.
struct NoModels: ModelSource {
  let fault: CmdopError
  func model(_ name: String?) throws(CmdopError) -> any LanguageModel { throw fault }
}

extension CmdopError {
  /// Who asks may sit elsewhere: whose file is meant, and a hint that mends it there.
  func told(of hostname: String) -> CmdopError {
    let mends = hint.map { !$0.hasPrefix("cmdop ") } ?? false
    let there = mends ? hint.map { "cmdop exec \(ShellWord.quoted(hostname)) -- \($0)" } : hint
    return CmdopError(code, "on \(hostname): \(message)", hint: there)
  }
}
