import ArgumentParser
import Connect
import Core
import Fleet
import Host
import Wire

/// PINs of machines: given with the command, remembered for a day, or asked for. A machine is shown a PIN only when it wants
/// one, or when it was right for this very machine before.
@Loop
final class PINDesk: PINSource {
  private let given: String?
  /// nil: nothing is remembered beyond this command.
  private let keyring: Keyring?
  private weak var reach: Reach?
  /// Asks a person; nil: nobody can be asked.
  var ask: (@Loop (_ question: String) async throws(CmdopError) -> String)?
  /// What a machine is called in questions, where that is not how it was named.
  var called: [String: String] = [:]
  /// By the words with which a machine was named.
  private var right: [String: String] = [:]
  private var asked: [String: Int] = [:]
  private var ids: [String: String] = [:]
  private var isBusy = false
  private let turn = Turnstile()
  private static let mostQuestions = 3

  init(given: String?, keyring: Keyring?, reach: Reach) {
    (self.given, self.keyring, self.reach) = (given, keyring, reach)
  }

  /// For programs: it asks nobody.
  var silent: PINDesk {
    ask = nil
    return self
  }

  func known(for machine: String) async -> String? {
    if let pin = right[machine] { return pin }
    guard hasIdentifierShape(machine) else { return nil }
    return try? keyring?.book().pin(of: machine, now: wallClock())
  }

  func pin(for machine: String, refused: String?, why: CmdopError) async throws(CmdopError) -> String {
    // Several machines may want theirs at once: one question at a time.
    do { try await turn.wait { !isBusy } } catch { throw CmdopError(error) }
    isBusy = true
    defer {
      isBusy = false
      turn.wake()
    }
    right[machine] = nil
    if let given {
      if refused == nil || refused != given { return given }
      throw Self.refusal(why)
    }
    if let pin = try await remembered(machine, refused) { return pin }
    let count = asked[machine, default: 0]
    guard let ask, count < Self.mostQuestions else { throw Self.refusal(why) }
    asked[machine] = count + 1
    return try await ask("\(count > 0 ? "not that one. " : "")PIN of \(OneLine.of(called[machine] ?? machine)): ")
  }

  func accepted(_ pin: String, for machine: String) async {
    let isNews = right.updateValue(pin, forKey: machine) != pin
    guard isNews, let keyring, let id = await id(of: machine) else { return }
    if (try? keyring.book().pin(of: id, now: wallClock())) == pin { return }
    // Forgetting it only means to be asked again.
    try? await keyring.change { (book) throws(CmdopError) in book.remember(pin: pin, of: id, now: wallClock()) }
  }

  /// What was right within the last day. One that is not any more is dropped.
  private func remembered(_ machine: String, _ refused: String?) async throws(CmdopError) -> String? {
    guard let keyring, let book = try? keyring.book(), !book.pins.isEmpty, let id = await id(of: machine),
      let pin = book.pin(of: id, now: wallClock())
    else { return nil }
    guard pin == refused else { return pin }
    _ = try await keyring.change { (book) throws(CmdopError) in book.dropPIN(of: id) }
    return nil
  }

  private func id(of machine: String) async -> String? {
    if hasIdentifierShape(machine) { return machine }
    if let id = ids[machine] { return id }
    guard let reach, let roster = try? await RelayClient(reach).machines(onlineOnly: false) else { return nil }
    // As the relay will understand these words now, by whatever name the machine was called.
    let records = roster.map { card in
      MachineRecord(
        id: MachineID(card.machineID), fleet: FleetID(""), hostname: card.hostname, displayName: card.displayName)
    }
    ids[machine] = (try? MachineResolver.resolve(machine, among: records))?.id.rawValue
    return ids[machine]
  }

  private static func refusal(_ why: CmdopError) -> CmdopError {
    CmdopError(.pinRequired, why.message, hint: again())
  }

  /// The same once more, with a PIN that no process list shows.
  nonisolated static func again(_ words: [String] = Array(CommandLine.arguments.dropFirst())) -> String {
    var (left, rest) = ([String](), words[...])
    while let word = rest.popFirst() {
      // The words behind -- are not ours.
      if word == "--" {
        left += [word] + rest
        break
      }
      if word == "--pin" { _ = rest.popFirst() } else if !word.hasPrefix("--pin=") { left.append(word) }
    }
    let line = left.map { ShellWord.quoted($0) }.joined(separator: " ")
    return "CMDOP_PIN=PIN cmdop " + (line.utf8.count <= 300 ? line : "exec HOST -- COMMAND")
  }
}

/// For verbs that open something on a machine.
struct PINOptions: ParsableArguments {
  @Option(help: "The machine's PIN, if it wants one. CMDOP_PIN is better: no process list shows it.") var pin: String?

  var given: String? { pin ?? Start.variable("CMDOP_PIN") }
}
