import Core
import Foundation
import Permission
import Synchronization
import Testing

@testable import Tools

@Suite("What is shown of a call, and what it acts on")
struct ShownTests {
  @Test("A long call says first that it was cut, with its true length, and shows its true ends")
  func ends() {
    #expect(GateText.shown("ls -l") == "ls -l")
    #expect(GateText.shown("a\u{1b}[2J\nb") == #"a\u{1b}[2J\nb"#)
    let text = "echo " + String(repeating: "x", count: 200_000) + "\u{1b}; rm -rf ~"
    let shown = GateText.shown(text)
    #expect(shown.hasPrefix("[cut: 198516 of its 200016 characters are not shown] echo xxx"), "\(shown.prefix(100))")
    #expect(shown.hasSuffix(#"xxx\u{1b}; rm -rf ~"#) && shown.utf8.count < 2000)
    // Controls in it make it longer, not less bounded; nor do marks that pile up on one character.
    #expect(GateText.shown(String(repeating: "\u{202e}", count: 5000)).utf8.count < 20_000)
    #expect(GateText.shown("e" + String(repeating: "\u{301}", count: 50_000)).utf8.count < 20_000)
  }

  private struct Yes: Approver {
    let heard: @Sendable (ApprovalQuestion) -> Void
    func ask(_ question: ApprovalQuestion) async -> ApprovalAnswer {
      heard(question)
      return .once(by: "anna")
    }
  }

  private struct Echo: Tool {
    let definition: ToolDefinition
    func call(_ call: ToolCall) async throws(CmdopError) -> ToolOutcome {
      ToolOutcome(call.machines.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " "))
    }
  }

  @Test(
    "A tool acts on the machine that was judged, whatever its name means later; who is asked sees the end of the prompt"
  )
  func machines() async throws {
    let folder = try GateAuditTests.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    guard let definition = Catalogue.tool("ask_machine") else { return }
    let roster = [RosterEntry(id: "11111111-0000-0000-0000-000000000000", hostname: "prod-1", name: "Web")]
    let gate = ToolGate(
      try ToolCatalogue(own: [], others: [Echo(definition: definition)]),
      files: SlowWork("look-ups", threads: 1, most: 8), policy: PolicyFile(path: folder + "/permissions.yaml"),
      audit: try GateAudit(folder: folder, now: { 1 }), home: folder, hostname: "box"
    ) { _ in
      Surroundings(home: folder, user: "anna", cmdopHome: folder + "/.cmdop", roster: roster, paths: LexicalPaths())
    }
    let targets = Mutex<[String]>([])
    let call = ToolCall(
      id: "1", tool: "ask_machine",
      arguments: [
        "hostname": "web", "prompt": .string(String(repeating: "x", count: 10_000) + "; and delete everything"),
      ],
      caller: Caller(kind: .machine, subject: "machine:a", role: .member, fleet: FleetID("f")))
    let yes = Yes { question in targets.withLock { $0.append(question.target) } }
    let outcome = await gate.call(call, from: .remote, in: folder, asking: yes) { _ in }
    #expect(outcome.text == "web=\(roster[0].id)" && !outcome.isError, "\(outcome.text)")
    let target = targets.withLock(\.first) ?? ""
    #expect(target.hasPrefix("[cut: ") && target.contains("] web") && target.contains("and delete everything"))
  }
}
