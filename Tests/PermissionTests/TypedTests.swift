import Core
import Testing

@testable import Permission

@Suite("What is typed into a terminal, and what an answer remembers")
struct TypedTests {
  private func type(_ text: String, _ court: Court, enter: Bool? = nil) throws -> Judgement {
    var arguments: [String: JSON] = ["operation": "send", "text": .string(text)]
    if let enter { arguments["enter"] = .bool(enter) }
    return try court.judge("connect_session", .object(arguments))
  }

  @Test(
    "History, keys, and places that nobody knows are not passed",
    arguments: [
      "!!", "echo !x", "echo \"!x\"", "echo a!x", "^a^b", "  ^a^b", "echo a\n^a^b", "ls \t", "\u{12}rm", "\u{03}",
      "ls\u{1b}[A",
      "echo 'it' # 's !x", "echo $'a\\' '!x", "rm hosts", "rm -rf etc home", "cat id_rsa", "cd /etc; rm hosts",
      "echo x > hosts",
      "tar xf /tmp/a.tar", "ls\rrm hosts", "echo '\n!x'",
    ])
  func typed(_ text: String) throws {
    #expect(try type(text, Court(mode: .bypass)).verdict != .allow)
    #expect(try type(text, Court(allow: ["connect_session"])).verdict != .allow)
    #expect(try type(text, Court(allow: ["connect_session(send:*)"])).verdict != .allow)
  }

  @Test(
    "Plain lines pass", arguments: ["ls", "uptime", "cat /var/log/syslog", "echo 'wow!'", "systemctl status nginx\r"])
  func plain(_ text: String) throws {
    let courts = [Court(mode: .bypass), Court(allow: ["connect_session(send:*)"])]
    for court in courts where text != "systemctl status nginx\r" {
      let judgement = try type(text, court)
      #expect(judgement.verdict == .allow, "\(judgement)")
    }
  }

  @Test("Pieces of lines are not passed, and the floor holds as at home")
  func pieces() throws {
    #expect(try type("ls", Court(mode: .bypass), enter: false).verdict == .ask)
    #expect(try type("ls", Court(mode: .bypass), enter: true).verdict == .allow)
    #expect(try type("cat .ssh/id_rsa", Court(mode: .bypass)).layer == .floor)
    #expect(try type("rm -rf /", Court(mode: .bypass)).layer == .floor)
    #expect(try type("ls", Court(allow: ["execute_command(ls)"])).verdict == .ask)
    #expect(try type("git status", Court(allow: ["connect_session(send:git *)"])).verdict == .ask)
  }

  @Test(
    "A suggestion is the command as it is, or there is none",
    arguments: [
      ("git push origin main", "execute_command(git push origin main)"), ("ls -la", "execute_command(ls -la)"),
      ("git commit -m 'a b'", "execute_command(git commit -m \"a b\")"),
      ("grep 'a*' x", "execute_command(grep a[*] x)"), ("grep '[?]' x", "execute_command(grep [[][?]] x)"),
      ("echo ''", "execute_command(echo \"\")"), ("bash -c ls", nil), ("python3 a.py", nil), ("python3.12 a.py", nil),
      ("sudo ls", nil), ("env", nil), ("xargs rm", nil), ("ls *", nil), ("ls > x", nil), ("ls; pwd", nil),
      ("A=1 make", nil),
      ("echo $HOME", nil), ("echo \"a'b\\\"\"", nil), ("find . -delete", nil),
    ] as [(String, String?)])
  func suggestion(_ command: String, _ rule: String?) throws {
    let court = Court()
    let tool = try #require(Catalogue.tool("execute_command"))
    let act = Act(tool, ["command": .string(command)], from: .remote, in: court.directory)
    let judgement = try court.run(command)
    #expect(Gate.suggestion(for: act, judgement) == rule)
    // An allow beside an ask rule would be dead.
    let asked = try Court(ask: ["execute_command"]).run(command)
    #expect(Gate.suggestion(for: act, asked) == nil)
  }

  @Test("Paths and other targets are escaped; terminals are never remembered")
  func others() throws {
    let court = Court()
    func suggest(_ name: String, _ arguments: JSON) throws -> String? {
      let tool = try #require(Catalogue.tool(name))
      return Gate.suggestion(
        for: Act(tool, arguments, from: .remote, in: court.directory), try court.judge(name, arguments))
    }
    #expect(try suggest("write_file", ["path": "a[1].txt"]) == "write_file(/home/anna/work/a[[]1].txt)")
    #expect(try suggest("read_file", ["path": "/srv/*"]) == "read_file(/srv/[*])")
    #expect(try suggest("ask_machine", ["hostname": "prod-*"]) == "ask_machine(prod-[*])")
    #expect(try suggest("connect_session", ["operation": "send", "text": "ls"]) == nil)
    #expect(try suggest("connect", ["operation": "guest", "hostname": "a"]) == nil)
    #expect(try suggest("todo_list", [:]) == "todo_list")
  }

  @Test("git elsewhere than where the call began, and links to cmdop")
  func places() throws {
    let court = Court(allow: ["git *", "cd *"])
    #expect(try court.run("git status").verdict == .allow)
    #expect(try court.run("cd /tmp/x && git status").verdict == .ask)
    for (cwd, verdict) in [("/tmp/x", Verdict.ask), ("sub", .allow), ("..", .ask)] {
      let judgement = try court.judge("execute_command", ["command": "git status", "cwd": .string(cwd)])
      #expect(judgement.verdict == verdict, "\(cwd)")
    }
    struct Linked: PathView {
      func resolve(_ path: String) -> ResolvedPath {
        ResolvedPath(PathText.normal(path) == "/tmp/x" ? "/usr/local/bin/cmdop" : PathText.normal(path))
      }
      func names(in directory: String) -> [String] { [] }
    }
    #expect(try Court(mode: .bypass, paths: Linked()).run("/tmp/x permissions mode bypass").layer == .floor)
    #expect(try Court(mode: .bypass, paths: Linked()).run("cd /tmp; ./x chat").layer == .floor)
    #expect(try Court(mode: .bypass, paths: Linked()).run("/tmp/x version").verdict == .allow)
  }
}
