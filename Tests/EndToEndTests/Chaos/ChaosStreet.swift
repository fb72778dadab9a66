import Foundation
import Testing

/// A street for the chaos run: everything goes through a proxy that can be hurt, and three users follow three programs:
/// one that prints in bursts, one that counts slowly, one that takes down what is typed.
final class ChaosStreet: Sendable {
  enum Fault: String, CaseIterable, Sendable {
    case relayKilled, machineKilled, machineRestarted, clientDaemonKilled, viewerKilled, typistKilled
    case cut, refused, stalled, hole, viewerAsleep, typistAsleep
  }

  let street: Street
  let proxy: Proxy
  let typed: String
  private let users: Locked<[String: User]>
  private let lastTyped = Locked(0)
  private let mayType = Locked(true)

  final class User: Sendable {
    let keyboard: Keyboard
    private let stream: Locked<(NumberStream, Int)>
    init(_ keyboard: Keyboard, begun: Bool) {
      (self.keyboard, stream) = (keyboard, Locked((NumberStream(begun: begun), 0)))
    }
    /// What it has seen by now.
    var numbers: NumberStream {
      let bytes = keyboard.bytes
      return stream.change { state in
        state.0.add(bytes.dropFirst(state.1))
        state.1 = bytes.count
        return state.0
      }
    }
  }

  init(_ street: Street) async throws {
    self.street = street
    proxy = try await street.proxy()
    typed = street.root + "/typed"
    users = Locked([:])
    let port = street.port
    try await street.stopRelay()
    try await street.startRelay(grace: "90s", port: port, advertise: "127.0.0.1:\(proxy.port)")
    for name in ["far", "desk"] {
      try await street.join(name)
      try await street.startAgent(name)
    }
    try await start("bursts", "i=0; while :; do seq $((i+1)) $((i+2000)); i=$((i+2000)); sleep 0.3; done")
    try await start("counter", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done")
    try await start("typist", "while read -r line; do echo $line >> \(typed); echo $line; done")
  }

  private func start(_ name: String, _ program: String) async throws {
    // It waits for its viewer, who is to see all of it.
    let line = "stty -echo; read -r go; echo BEGIN; \(program)"
    let made = try await street.client(
      ["session", "create", "far", "--name", name, "--", "bash", "-c", line], on: "desk")
    try #require(made.status == 0, "\(made.stderr)")
    let user = User(try await connect(name), begun: false)
    users.change { $0[name] = user }
    user.keyboard.type("go\r")
    try await user.keyboard.sees("BEGIN")
  }

  private func connect(_ name: String) async throws -> Keyboard {
    try await street.connect(["far", "--session", name], on: "desk")
  }

  func user(_ name: String) throws -> User { try #require(users.value[name]) }

  // MARK: typing

  /// Types a numbered line every 30 ms until its task is cancelled.
  func type() async {
    while !Task.isCancelled {
      if mayType.value, let typist = users.value["typist"] {
        typist.keyboard.type("\(lastTyped.change { $0 += 1; return $0 })\r")
      }
      try? await Task.sleep(for: .milliseconds(30))
    }
  }

  var taken: [Int] {
    ((try? String(contentsOfFile: typed, encoding: .utf8)) ?? "").split(separator: "\n").map { Int($0) ?? -1 }
  }

  /// Nothing that was typed is on its way any more.
  func typingArrives(within seconds: Double = 60) async throws {
    mayType.set(false)
    defer { mayType.set(true) }
    let last = lastTyped.value
    try await eventually(
      "all \(last) typed lines have arrived", within: seconds,
      detail: {
        let typist = try? self.user("typist").keyboard.text.suffix(300)
        return "the last are \(self.taken.suffix(5)); the typist sees \(typist.debugDescription)"
      }
    ) { taken.last == last }
  }

  // MARK: faults

  func cause(_ fault: Fault, for seconds: Double) async throws {
    switch fault {
    case .relayKilled:
      try await street.stopRelay(SIGKILL)
      try await street.startRelay(grace: "90s", port: street.port, advertise: "127.0.0.1:\(proxy.port)")
    case .machineKilled:
      kill(try await street.agentPID("far"), SIGKILL)
      try await street.must(["agent", "start"], home: street.home("far"))
    case .machineRestarted: try await street.must(["agent", "restart"], home: street.home("far"))
    case .clientDaemonKilled:
      kill(try await street.agentPID("desk"), SIGKILL)
      try await street.must(["agent", "start"], home: street.home("desk"))
    case .viewerKilled: try await replace("counter")
    case .typistKilled:
      // What a user types into a client that is then killed is gone with it: only what is under way may not be.
      try await typingArrives()
      mayType.set(false)
      try await replace("typist")
      mayType.set(true)
    case .cut: try await street.tell(proxy, "cut")
    case .refused: try await hurt("refuse", "pass", seconds)
    case .stalled: try await hurt("stall", "pass", seconds)
    case .hole: try await hurt("hole", "heal", seconds)
    case .viewerAsleep: try await putToSleep("bursts", seconds)
    case .typistAsleep: try await putToSleep("typist", seconds)
    }
  }

  private func hurt(_ word: String, _ remedy: String, _ seconds: Double) async throws {
    try await street.tell(proxy, word)
    try await Task.sleep(for: .seconds(seconds))
    try await street.tell(proxy, remedy)
  }

  private func putToSleep(_ name: String, _ seconds: Double) async throws {
    let user = try user(name)
    user.keyboard.signal(SIGSTOP)
    try await Task.sleep(for: .seconds(seconds))
    user.keyboard.signal(SIGCONT)
  }

  private func replace(_ name: String) async throws {
    let old = try user(name)
    #expect(old.numbers.faults.isEmpty, "\(name) before its kill")
    old.keyboard.signal(SIGKILL)
    // The way may be broken still: who comes anew waits until it stands.
    try await eventually("the way to far stands", within: 60) {
      try await street.client(["exec", "far", "--", "true"], on: "desk").status == 0
    }
    let fresh = User(try await connect(name), begun: true)
    users.change { $0[name] = fresh }
    try await eventually("the new client shows something", within: 60) { !fresh.keyboard.bytes.isEmpty }
  }

  // MARK: what must be so

  /// Everything goes on, and nothing was lost or repeated so far.
  func check(_ when: String) async throws {
    for name in ["bursts", "counter"] {
      let user = try user(name)
      let before = user.numbers.count
      try await eventually(
        "\(name) goes on \(when)", within: 60,
        detail: { "\(user.keyboard.text.suffix(300).debugDescription); pending: \(user.numbers.pending)" }
      ) { user.numbers.count > before + 50 }
      #expect(user.numbers.faults.isEmpty, "\(name) \(when)")
    }
    try await typingArrives()
    #expect(try user("typist").numbers.faults.isEmpty, "what the typist saw \(when)")
    let sessions = try await street.sessions(["--all"])
    #expect(Set(sessions.compactMap { $0["name"] as? String }) == ["bursts", "counter", "typist"], "\(when)")
    #expect(sessions.allSatisfy { $0["state"] as? String == "CONNECTED" }, "\(when): \(sessions)")
  }

  /// What came of the typed lines that was not the line after the last one.
  var typingFaults: [String] {
    zip([0] + taken, taken).filter { $1 != $0 + 1 }.map { "\($1) after \($0)" }
  }
}
