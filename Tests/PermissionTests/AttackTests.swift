import Core
import Foundation
import Host
import Testing
import Tools

@testable import Permission

/// What people have got past the gates of others (docs/permissions.md), tried here. The table is Attacks.swift.
@Suite("What hides behind an allowed command is not allowed")
struct AttackTests {
  @Test("There are enough of them, of every kind")
  func count() {
    #expect(Attack.all.count + PathAttack.all.count >= 300)
  }

  @Test("No allow rule covers it", arguments: Attack.all)
  func notAllowed(_ attack: Attack) throws {
    var court = Court(allow: attack.rules.map { "execute_command(\($0))" })
    let judgement = try court.run(attack.command.replacing("MARK", with: "/tmp/mark"))
    #expect(judgement.verdict == .ask, "\(judgement)")
    court.mode = .strict
    #expect(try court.run(attack.command.replacing("MARK", with: "/tmp/mark")).verdict == .deny)
  }

  /// Where nearly everything may run, a deny rule must find what is hidden, or at least somebody must be asked.
  @Test(
    "A deny rule finds it in bypass, or it is not passed", arguments: Attack.all.filter { $0.command.contains("touch") }
  )
  func denied(_ attack: Attack) throws {
    let court = Court(mode: .bypass, deny: ["execute_command(touch *)"])
    let judgement = try court.run(attack.command.replacing("MARK", with: "/tmp/mark"))
    #expect(judgement.verdict != .allow || judgement.commands.isEmpty, "\(judgement)")
  }

  @Test("It would really run: bash does it", arguments: Attack.all)
  func proof(_ attack: Attack) throws {
    let stage = try Stage()
    defer { stage.end() }
    let mark = stage.folder + "/mark"
    let command = attack.command.replacing("MARK", with: mark)
    _ = try stage.run(command)
    let isThere = FileManager.default.fileExists(atPath: mark)
    if !isThere, let missing = stage.missing(command) {
      print("not proven here, \(missing) is not installed: \(attack.command.prefix(100))")
      return
    }
    #expect(isThere, "nothing hidden ran in: \(attack.command)")
  }
}
