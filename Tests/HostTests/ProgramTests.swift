import Core
import Foundation
import Host
import NIOCore
import Testing

@Suite("Programs on pipes", .timeLimit(.minutes(1)))
@Loop
struct ProgramTests {
  private let machine = Machines.machine(home: "/tmp")

  struct Outcome {
    var stdout = ByteBuffer()
    var stderr = ByteBuffer()
    var end: ProgramEnd?
    var text: String { String(buffer: stdout) }
  }

  /// Follows a program to its end, feeding it beside.
  private func follow(_ program: any Program, feeding input: ByteBuffer? = nil) async -> Outcome {
    async let fed: Void = feed(input, to: program)
    var outcome = Outcome()
    while let event = await program.next() {
      switch event {
      case .stdout(let bytes): outcome.stdout.writeImmutableBuffer(bytes)
      case .stderr(let bytes): outcome.stderr.writeImmutableBuffer(bytes)
      case .ended(let end): outcome.end = end
      }
    }
    await fed
    return outcome
  }

  private func feed(_ input: ByteBuffer?, to program: any Program) async {
    guard var rest = input else { return }
    while let piece = rest.readSlice(length: min(32 * 1024, rest.readableBytes)), piece.readableBytes > 0 {
      await program.write(piece)
    }
    program.closeInput()
  }

  private func run(_ words: [String], feeding input: ByteBuffer? = nil) async throws -> Outcome {
    await follow(try machine.run(LaunchOrder(arguments: words), input: input != nil), feeding: input)
  }

  @Test("Output and errors come apart, and then the end")
  func apart() async throws {
    let outcome = try await run(["echo out; echo err >&2; echo more; exit 3"])
    #expect(outcome.text == "out\nmore\n")
    #expect(String(buffer: outcome.stderr) == "err\n")
    #expect(outcome.end == .exited(code: 3))
  }

  @Test("10 MB pass through standard input and output, and not a bit is different")
  func bulk() async throws {
    var bytes = ByteBuffer()
    for number in 0..<UInt64(10 * 1024 * 1024 / 8) { bytes.writeInteger(number &* 0x9e37_79b9_7f4a_7c15) }
    let outcome = try await run(["cat", "-"], feeding: bytes)
    #expect(outcome.stdout == bytes)
    #expect(outcome.end == .exited(code: 0))
  }

  @Test("10 MB on both outputs at once are all there")
  func bothOutputs() async throws {
    let outcome = try await run(["head -c 10000000 /dev/zero >&2 & head -c 10000000 /dev/zero; wait"])
    #expect(outcome.stdout.readableBytes == 10_000_000 && outcome.stderr.readableBytes == 10_000_000)
  }

  @Test("Without input standard input is empty; with input it ends when it is closed")
  func input() async throws {
    #expect(try await run(["cat; echo over"]).text == "over\n")
    #expect(try await run(["cat; echo over"], feeding: ByteBuffer(string: "")).text == "over\n")
    #expect(try await run(["cat; echo over"], feeding: ByteBuffer(string: "fed ")).text == "fed over\n")
  }

  @Test("A program that closes its input stops nobody who feeds it")
  func closedInput() async throws {
    let much = ByteBuffer(repeating: 0x61, count: 5_000_000)
    let outcome = try await run(["head -c 3; exec <&-; echo done"], feeding: much)
    #expect(outcome.text == "aaadone\n")
    #expect(outcome.end == .exited(code: 0))
  }

  @Test(
    "A signal reaches everything it started, and the end says which it was", arguments: [SignalName.kill, .terminate])
  func group(_ signal: SignalName) async throws {
    let program = try machine.run(LaunchOrder(arguments: ["sleep 1000 & echo $!; sleep 1000"]), input: false)
    guard case .stdout(let line)? = await program.next() else {
      Issue.record("no output")
      return program.send(.kill)
    }
    let child = try #require(Int32(String(buffer: line).trimmingCharacters(in: .newlines)))
    #expect(runs(child) && runs(program.processID))
    program.send(signal)
    #expect(await follow(program).end == .signalled(number: signal == .kill ? 9 : 15))
    try await eventually("the grandchild is gone") { !runs(child) }
  }

  @Test("What is left running and holds the outputs open does not keep the end from coming")
  func leftBehind() async throws {
    let program = try machine.run(LaunchOrder(arguments: ["sleep 1000 & echo $!; exit 2"]), input: false)
    let outcome = await follow(program)
    #expect(outcome.end == .exited(code: 2))
    let child = try #require(Int32(outcome.text.trimmingCharacters(in: .newlines)))
    #expect(runs(child), "it was not asked to end")
    program.send(.kill)
    try await eventually("it ends with its group") { !runs(child) }
  }

  @Test("One word is a line for the shell, several are exactly these")
  func words() async throws {
    #expect(try await run(["echo $((6 * 7)) | tr 4 x"]).text == "x2\n")
    #expect(try await run(["printf", "%s|", "a b", "$HOME", "", "*"]).text == "a b|$HOME||*|")
  }

  @Test("It runs in the home or where it is told to, with the machine's variables and its own, and none of ours")
  func surroundings() async throws {
    let machine = Machines.machine(
      home: "/tmp", environment: ["PATH": "/usr/bin:/bin", "CMDOP_HOME": "/secret", "KEPT": "1", "CHANGED": "old"])
    let order = LaunchOrder(
      arguments: ["pwd; env"], environment: ["CHANGED": "new", "MORE": "a=b\nc", "": "x", "bad=name": "y"])
    let home = await follow(try machine.run(order, input: false)).text.split(separator: "\n")
    #expect(home.first == "/tmp")
    for line in ["KEPT=1", "CHANGED=new", "MORE=a=b", "HOME=/tmp", "USER=tester", "SHELL=/bin/sh"] {
      #expect(home.contains(Substring(line)), "\(line)")
    }
    #expect(!home.contains { $0.hasPrefix("CMDOP_") || $0.hasPrefix("bad") || $0.hasPrefix("=") })
    let there = LaunchOrder(arguments: ["pwd"], directory: "/usr")
    #expect(await follow(try machine.run(there, input: false)).text == "/usr\n")
  }

  @Test("A command or a directory that is not there is not found; no command is bad usage; nothing is left open")
  func refused() async throws {
    let before = PrivateFiles.names(in: "/proc/self/fd").count
    for _ in 0..<50 {
      #expect(
        await refusal { try machine.run(LaunchOrder(arguments: ["no-such", "x"]), input: true) }?.code == .notFound)
      #expect(await refusal { try machine.run(LaunchOrder(arguments: []), input: false) }?.code == .badUsage)
      let nowhere = LaunchOrder(arguments: ["pwd"], directory: "/no/such")
      #expect(await refusal { try machine.run(nowhere, input: false) }?.message.contains("/no/such") == true)
    }
    #expect(PrivateFiles.names(in: "/proc/self/fd").count < before + 100)
  }
}
