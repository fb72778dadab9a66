import ArgumentParser
import Core
import Fleet
import Host
import Store

/// What admission costs the relay per operation (docs/performance.md): the token, the role, the machine.
struct BenchAdmissionCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench-admission", abstract: "Measure admission.", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Option(help: "How many fleets.") var fleets = 1000
  @Option(help: "How many machines in each.") var machines = 10
  @Option(help: "How many operations.") var operations = 20_000

  func work() async throws { try await measure() }

  @Loop private func measure() async throws {
    let database = try await Database(inMemory: FleetRegistry.migrations)
    let registry = try await FleetRegistry(
      database, keys: try SigningKeys(secrets: [SigningKeys.newSecret()]), now: { wallClock() })
    let owner = try await registry.ensureDefaultFleet(name: "first")
    _ = try await registry.ensureOwner(name: "anna", password: newPassword(), of: owner.id)
    let anna = try registry.member("anna", of: owner.id)
    var places: [(token: String, fleet: FleetID)] = []
    for number in 0..<fleets {
      let fleet = try await registry.ensureDefaultFleet(name: "fleet-\(number)")
      try await registry.fill(fleet.id, with: machines, owner: anna.account)
      places.append(
        (try await registry.signIn(anna.account, fleet: fleet.id, client: "bench", from: "local").accessToken, fleet.id)
      )
    }
    for (name, warm) in [("first use of a token", false), ("later uses", true)] {
      var spans: [Double] = []
      for number in 0..<(warm ? operations : places.count) {
        let place = places[number % places.count]
        let start = ContinuousClock.now
        let grant = try await registry.admit(token: place.token)
        try RoleTable.require(.execute, role: grant.caller.role, scopes: grant.scopes)
        _ = try registry.resolve("m\(number % machines)-box", in: grant.caller.fleet)
        spans.append((ContinuousClock.now - start) / .microseconds(1))
      }
      spans.sort()
      let (p50, p99) = (spans[spans.count / 2], spans[spans.count * 99 / 100])
      if options.json {
        Report.json(["p50_us": p50, "p99_us": p99])
      } else {
        Report.line("\(name): p50 \((p50 * 10).rounded() / 10) µs, p99 \((p99 * 10).rounded() / 10) µs")
      }
    }
  }
}
