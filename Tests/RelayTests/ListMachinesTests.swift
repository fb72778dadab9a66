import AskMachine
import Connect
import Core
import Testing
import Wire

@Suite("list_machines asks the relay as the machine that it runs on", .timeLimit(.minutes(1)))
@Loop
struct ListMachinesTests {
  private static func call(_ tool: ListMachinesTool, _ arguments: JSON = [:]) async throws -> ToolOutcome {
    let caller = Caller(kind: .local, subject: "local", role: .owner, fleet: FleetID("f"))
    #expect(tool.definition.input.faults(of: arguments).isEmpty)
    let outcome = try await tool.call(ToolCall(id: "1", tool: "list_machines", arguments: arguments, caller: caller))
    #expect(tool.definition.output.faults(of: try #require(outcome.value)).isEmpty)
    return outcome
  }

  private static func names(_ outcome: ToolOutcome) -> [String] {
    outcome.value?["machines"]?.array?.compactMap { $0["hostname"]?.string } ?? []
  }

  private static func tool(_ box: FakeMachine, most: Int = ListMachinesTool.most) throws -> ListMachinesTool {
    try ListMachinesTool(
      Reach(asMachine: { box.link }),
      own: .init(id: MachineID(box.card.machineID), hostname: box.card.hostname, platform: "linux/x86_64"),
      most: most)
  }

  @Test("The fleet's machines with what is known of them, narrowed by state and words; nothing of other fleets")
  func roster() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      let control = try await box.register()
      _ = try await FakeMachine("db-1", on: bench)
      _ = try await FakeMachine("theirs", on: bench, secret: RelayBench.strangerSecret)
      try control.send(
        AgentMessage(
          .heartbeat(
            .filled {
              $0.metrics = .filled { ($0.cpuPercent, $0.memoryUsedBytes, $0.memoryTotalBytes) = (12.34, 1, 4) }
            })))
      let tool = try Self.tool(box)
      try await eventually("the heartbeat is known") { try await Self.call(tool).text.contains("cpu") }
      let all = try await Self.call(tool)
      #expect(Self.names(all) == ["box", "db-1"] && !all.isError)
      #expect(
        all.text.split(separator: "\n") == [
          "box, online, this machine, linux/x86_64, 9.8, cpu 12 %, memory 25 %", "db-1, offline, linux/x86_64",
        ], "\(all.text)")
      let first = try #require(all.value?["machines"]?.array?.first)
      #expect(
        first["cpu_percent"]?.number == 12.3 && first["memory_percent"]?.number == 25 && first["this_machine"] == true)
      #expect(first["id"]?.string == box.card.machineID && first["version"] == "9.8" && first["online"] == true)
      #expect(all.value?["next_cursor"] == nil)
      #expect(Self.names(try await Self.call(tool, ["online": true])) == ["box"])
      #expect(Self.names(try await Self.call(tool, ["online": false])) == ["db-1"])
      #expect(Self.names(try await Self.call(tool, ["query": "DB"])) == ["db-1"])
      #expect(Self.names(try await Self.call(tool, ["query": "linux"])).count == 2)
      #expect(
        Self.names(try await Self.call(tool, ["query": .string(String(box.card.machineID.prefix(8)))])) == ["box"])
      #expect(Self.names(try await Self.call(tool, ["cursor": "box"])) == ["db-1"])
      #expect(try await Self.call(tool, ["query": "nobody"]).text == "no machine fits")
    }
  }

  @Test("One machine more than a page holds makes two pages, and exactly as many are one")
  func pages() async throws {
    try await RelayBench.run { bench in
      let box = try await FakeMachine("box", on: bench)
      _ = try await box.register()
      for number in 1...3 { _ = try await bench.enroll("m-\(number)") }
      let tool = try Self.tool(box, most: 3)
      let first = try await Self.call(tool)
      #expect(Self.names(first) == ["box", "m-1", "m-2"] && first.value?["next_cursor"] == "m-2")
      #expect(first.text.hasSuffix("[there are more: cursor \"m-2\"]"))
      #expect(Self.names(try await Self.call(tool, ["cursor": "m-2"])) == ["m-3"])
      let exact = try await Self.call(tool, ["query": "m-"])
      #expect(Self.names(exact).count == 3 && exact.value?["next_cursor"] == nil)
    }
  }

  @Test("Without a relay this machine is all that is known, and it is said")
  func alone() async throws {
    let tool = try ListMachinesTool(
      Reach(asMachine: { nil }), own: .init(id: MachineID("i"), hostname: "box", platform: "linux/x86_64"))
    let outcome = try await Self.call(tool)
    #expect(Self.names(outcome) == ["box"] && !outcome.isError)
    #expect(outcome.value?["note"]?.string?.contains("the relay could not be asked") == true)
    #expect(Self.names(try await Self.call(tool, ["online": false])).isEmpty)
  }
}
