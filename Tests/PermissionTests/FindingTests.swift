import Core
import Testing

@testable import Permission

@Suite("What reviews have got past the gate stays found")
struct FindingTests {
  static let tree = TreePaths(
    files: [
      "/etc/shadow", "/etc/passwd", "/etc/cron.d/a", "/root/.ssh/id_rsa", "/home/anna/.ssh/id_ed25519",
      "/home/anna/work/a",
      "/home/anna/work/.env", "/home/anna/work/b.txt", "/home/anna/work/src/a.swift", "/home/anna/.cmdop/identity.key",
      "/home/other/x", "/tmp/rv/a", "/tmp/a/b/x", "/usr/src/x", "/usr/bin/ls", "/var/log/a", "/proc/1/environ",
      "/proc/2345/environ", "/dev/sda", "/bin/sh",
    ],
    links: ["/tmp/rv/l": "/etc/shadow", "/tmp/rv/d": "/etc", "/tmp/rv1": "/etc", "/tmp/a/b/l": "../../etc/shadow"])

  @Test("Denied by the floor, or asked about, where everything may run", arguments: Findings.floor + Findings.more)
  func floor(_ line: String) throws {
    let parts = line.split(separator: " => ", maxSplits: 1)
    var court = Court(mode: .bypass, paths: Self.tree)
    let command = String(parts[1].replacing("⏎", with: "\n"))
    let judgement = try court.run(command)
    #expect(judgement.verdict != .allow, "\(judgement)")
    if parts[0] == "deny" { #expect(judgement.verdict == .deny && judgement.layer == .floor, "\(judgement)") }
    // A rule does not open what the mode does not.
    court.allow = ["execute_command", "read_file", "write_file"]
    #expect(try court.run(command).verdict != .allow)
  }

  @Test("Not allowed by rules for the programs", arguments: Findings.rules)
  func rules(_ line: String) throws {
    let parts = line.split(separator: " => ", maxSplits: 1)
    let sides = parts[0].split(separator: " ! ").map { $0.split(separator: "; ").map(String.init) }
    let court = Court(allow: sides[0], deny: sides.count > 1 ? sides[1] : [], paths: Self.tree)
    let judgement = try court.run(String(parts[1].replacing("⏎", with: "\n")))
    #expect(judgement.verdict != .allow, "\(judgement)")
  }

  @Test("What is found by a glob, and lies where the rule says, is allowed")
  func globs() throws {
    var court = Court(allow: ["cat /tmp/rv/*", "ls *", "wc *"], paths: Self.tree)
    #expect(try court.run("cat /tmp/rv/[ab]").verdict == .allow)
    #expect(try court.run("ls src/*.swift *.txt").verdict == .allow)
    #expect(try court.run("for f in src/*.swift; do wc -l \"$f\"; done").verdict == .allow)
    #expect(try court.run("ls src/../b.txt").verdict == .allow)
    court.allow = ["rm *.txt"]
    #expect(try court.run("rm *.txt").verdict == .allow)
    #expect(try court.run("rm *").verdict == .ask)
  }

  @Test("A path that no kernel takes is no path")
  func paths() throws {
    let deep = String(repeating: "a/", count: 10_000) + "b"
    let court = Court(mode: .bypass, paths: Self.tree)
    #expect(try court.run("cat " + deep).verdict != .allow)
    #expect(try court.run("echo a > " + deep).verdict != .allow)
    #expect(try court.run("cat " + String(repeating: "/", count: 300) + "etc/x").verdict != .allow)
    for tool in ["read_file", "write_file", "list_dir"] {
      let arguments: JSON = tool == "write_file" ? ["path": .string(deep), "content": ""] : ["path": .string(deep)]
      #expect(try court.judge(tool, arguments).verdict == .deny)
      #expect(try court.judge(tool, ["path": "/tmp/\u{301}x", "content": ""]).verdict == .deny)
    }
    #expect(try court.judge("files:write", ["path": .string(deep)]).verdict == .allow)
  }
}

/// A file system that is a list.
struct TreePaths: PathView {
  private var folders: [String: Set<String>] = [:]
  private let links: [String: String]

  init(files: [String], links: [String: String]) {
    self.links = links
    for path in files + links.keys {
      var folder = ""
      for name in path.split(separator: "/") {
        folders[folder.isEmpty ? "/" : folder, default: []].insert(String(name))
        folder += "/" + name
      }
    }
  }

  func resolve(_ path: String) -> ResolvedPath {
    var rest = Array(path.split(separator: "/").reversed().map(String.init))
    var done: [String] = []
    while let name = rest.popLast() {
      if name == "." { continue }
      if name == ".." {
        _ = done.popLast()
        continue
      }
      done.append(name)
      guard let target = links["/" + done.joined(separator: "/")] else { continue }
      if target.hasPrefix("/") { done = [] } else { done.removeLast() }
      rest += target.split(separator: "/").reversed().map(String.init)
    }
    return ResolvedPath("/" + done.joined(separator: "/"))
  }

  func names(in directory: String) -> [String] { (folders[resolve(directory).path] ?? []).sorted() }
}
