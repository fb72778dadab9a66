import Core
import Foundation
import Permission
import Testing

@testable import Tools

@Suite("The policy file: reloaded, refused whole, last good one kept")
struct PolicyFileTests {
  private func place() throws -> String { try GateAuditTests.folder() + "/permissions.yaml" }

  private func clear(_ path: String) {
    try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent)
  }

  private func put(_ text: String, _ path: String, mode: Int = 0o600) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  @Test("Without a file the mode is default; a broken one from the start is strict")
  func none() async throws {
    let path = try place()
    defer { clear(path) }
    #expect(await PolicyFile(path: path).policies().mode == .default)
    try put("version: 1\nmode: wide open\n", path)
    let file = PolicyFile(path: path)
    #expect(await file.policies().mode == .strict)
    #expect(file.fault?.message.contains("line 2: mode must be") == true)
  }

  @Test(
    "A broken file that wants the rules for people keeps wanting them", arguments: ["true", "yes", "\"on\"", "True"])
  func operators(_ value: String) async throws {
    let path = try place()
    defer { clear(path) }
    try put("version: 1\nenforce_operators: \(value)\nmode: wide open\n", path)
    let file = PolicyFile(path: path)
    #expect(await file.policies().enforcesOperators)
    #expect(await file.policies().mode == .strict)
    #expect(file.fault?.hint?.hasPrefix("mv ") == true)
    try put("version: 1\nenforce_operators: false\nmode: wide open\n", path)
    #expect(await file.policies().enforcesOperators == false)
    try put("version: 1\nenforce_operators: true\n", path)
    #expect(await file.policies().enforcesOperators)
    try put("version: 1\nmode: [\n", path)
    #expect(await file.policies().enforcesOperators)
  }

  @Test("What changes is read; what is broken, open to others, or gone, changes nothing")
  func reload() async throws {
    let path = try place()
    defer { clear(path) }
    try put("version: 1\nmode: bypass\n", path)
    let file = PolicyFile(path: path)
    #expect(await file.policies().mode == .bypass)
    #expect(file.fault == nil)
    try put("version: 1\nmode: [\n", path)
    #expect(await file.policies().mode == .bypass)
    #expect(file.fault != nil)
    try put("version: 1\nmode: default\n", path, mode: 0o644)
    #expect(await file.policies().mode == .bypass)
    #expect(file.fault?.hint?.hasPrefix("chmod 600") == true)
    try put("version: 1\nmode: default\n", path)
    #expect(await file.policies().mode == .default)
    #expect(file.fault == nil)
    try put("version: 1\nmode: strict\n", path)
    #expect(await file.policies().mode == .strict)
    try FileManager.default.removeItem(atPath: path)
    #expect(await file.policies().mode == .strict)
  }

  @Test("A link in its place, and a folder that others may write, are refused")
  func places() async throws {
    let path = try place()
    defer { clear(path) }
    try put("version: 1\nmode: bypass\n", path + ".other")
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".other")
    #expect(await PolicyFile(path: path).policies().mode == .strict)
    try FileManager.default.removeItem(atPath: path)
    try put("version: 1\nmode: bypass\n", path)
    let folder = (path as NSString).deletingLastPathComponent
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
    #expect(await PolicyFile(path: path).policies().mode == .strict)
  }

  @Test("Rules are put in, replaced and taken out; the file is private")
  func changes() async throws {
    let path = try place()
    defer { clear(path) }
    let file = PolicyFile(path: path)
    try await file.add(try Rule("execute_command(git *)", .allow))
    try await file.add(try Rule("execute_command(git *)", .deny, reason: "no"))
    #expect(file.policy.rules.map(\.action) == [.deny])
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    let id = file.policy.rules[0].id
    #expect(try await file.revoke(String(id.prefix(12))).count == 1)
    await #expect(throws: CmdopError.self) { _ = try await file.revoke("execute_command(git *)") }
    try put("version: 1\nmode: nonsense\n", path)
    await #expect(throws: CmdopError.self) { try await file.set(.bypass) }
    #expect(String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).contains("nonsense"))
  }

  @Test("Writers beside each other lose nothing")
  func writers() async throws {
    let path = try place()
    defer { clear(path) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<12 {
        group.addTask { try await PolicyFile(path: path).add(try Rule("execute_command(tool\(number) *)", .allow)) }
      }
      try await group.waitForAll()
    }
    #expect(PolicyFile(path: path).policy.rules.count == 12)
  }

  @Test("Session rules are of this process, or of one conversation")
  func session() throws {
    let path = try place()
    defer { clear(path) }
    let file = PolicyFile(path: path)
    file.remember(try Rule("execute_command(git *)", .allow), conversation: "one")
    file.remember(try Rule("execute_command(ls *)", .allow))
    #expect(file.sessionRules(of: "one").count == 2 && file.sessionRules(of: "two").count == 1)
    file.forget(conversation: "one")
    #expect(file.sessionRules(of: "one").count == 1)
    #expect(!FileManager.default.fileExists(atPath: file.path))
  }
}

@Suite("Links are followed as the kernel follows them")
struct LinkTests {
  @Test("Links, loops, dots, and what does not exist")
  func walk() throws {
    let folder = try GateAuditTests.folder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let real = RealPaths().resolve(folder).path
    for name in ["a/b", "keys"] {
      try FileManager.default.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
    }
    try Data().write(to: URL(filePath: folder + "/keys/id"))
    for (link, target) in [
      ("a/out", "../keys"), ("far", folder + "/keys"), ("loop", "loop"), ("b2", "a/b/.."), ("file", "keys/id"),
      ("hole", "nothing/here"),
    ] {
      try FileManager.default.createSymbolicLink(atPath: folder + "/" + link, withDestinationPath: target)
    }
    for (path, expected) in [
      ("a/out/id", "keys/id"), ("far/id", "keys/id"), ("b2/out/x", "keys/x"), ("file", "keys/id"),
      ("a/b/../out", "keys"), ("far/../a", "a"),
      ("a/new/deep", "a/new/deep"), ("hole", "nothing/here"), ("./a//b/.", "a/b"), ("loop", "loop"),
      ("a/none/../x", "a/x"), ("file/x", "keys/id/x"),
    ] {
      #expect(RealPaths().resolve(folder + "/" + path).path == real + "/" + expected, "\(path)")
    }
    #expect(RealPaths().resolve("/../..").path == "/")
  }

  @Test("A link does not lead past the floor or a rule")
  func attacks() throws {
    let stage = try Stage()
    defer { stage.end() }
    try stage.run(
      "ln -s ~/.ssh s; ln -s ~/.ssh/id_rsa k; ln -s ../../.ssh deep; mkdir d; ln -s ~ d/h; ln -s .env e; ln -s /etc etc"
    )
    var court = Court(
      home: stage.home, directory: stage.folder, mode: .bypass, allow: ["execute_command", "write_file"],
      paths: RealPaths())
    for command in [
      "cat s/id_rsa", "cat k", "cat < k", "cat d/h/.ssh/id_rsa", "cat d/../k", "echo x > e", "cp a e", "touch etc/x",
      "echo x > etc/x", "cd s; cat id_rsa", "tar cf x s", "sed -i s/a/b/ e",
    ] {
      #expect(try court.run(command).layer == .floor, "\(command)")
    }
    for path in ["s/id_rsa", "k", "d/h/.ssh/id_rsa"] {
      #expect(try court.judge("read_file", ["path": .string(path)]).layer == .floor)
    }
    court.mode = .default
    court.allow = ["cat ~/work/**", "read_file(~/work/**)"]
    #expect(try court.run("cat a").verdict == .allow)
    #expect(try court.run("cat etc/hostname").verdict == .ask)
    #expect(try court.judge("read_file", ["path": "etc/hostname"]).verdict == .ask)
  }
}
