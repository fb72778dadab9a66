import Core
import Foundation
import Testing

@testable import Permission

@Suite("The floor holds, whatever the rules and the mode say")
struct PathAttackTests {
  static let courts = [
    Court(mode: .bypass),
    Court(allow: ["execute_command", "write_file", "read_file"]),
    Court(mode: .bypass, session: [try? Rule("execute_command", .allow)].compactMap { $0 }),
  ]

  @Test("Denied, or at least not passed", arguments: PathAttack.all)
  func judged(_ attack: PathAttack) throws {
    for court in Self.courts {
      let judgement = try court.run(attack.command.replacing("ROOT", with: ""))
      if attack.verdict == "deny" {
        #expect(judgement.verdict == .deny && judgement.layer == .floor, "\(judgement)")
      } else {
        #expect(judgement.verdict != .allow, "\(judgement)")
      }
    }
  }

  @Test("It would really work: bash does it", arguments: PathAttack.all.filter { $0.proof != "none" })
  func proof(_ attack: PathAttack) throws {
    let stage = try Stage()
    defer { stage.end() }
    let before = Self.state(of: stage)
    let output = try stage.run(attack.command.replacing("ROOT", with: stage.root))
    let worked =
      switch attack.proof {
      case "leak": output.contains(Stage.secret)
      case "gone": Self.state(of: stage).count < before.count
      default: Self.state(of: stage) != before
      }
    if !worked, stage.missing(attack.command) != nil { return }
    #expect(worked, "\(output.prefix(300))")
  }

  /// What is protected there, and what is in it.
  private static func state(of stage: Stage) -> [String: String] {
    var state: [String: String] = [:]
    for folder in ["home", "etc", "usr", "dev"] {
      let found = FileManager.default.enumerator(atPath: stage.root + "/" + folder)
      while let name = found?.nextObject() as? String {
        let isGuarded = folder != "home" || [".ssh", ".cmdop", ".env", ".git"].contains { name.contains($0) }
        if !isGuarded || name.contains("work/repo") { continue }
        let path = stage.root + "/" + folder + "/" + name
        let facts = try? FileManager.default.attributesOfItem(atPath: path)
        let text = FileManager.default.contents(atPath: path).map { "\($0.hashValue)" } ?? ""
        state[folder + "/" + name] =
          "\(facts?[.posixPermissions] ?? "") \(facts?[.type] ?? "") \(facts?[.modificationDate] ?? "") \(text)"
      }
    }
    return state
  }
}
