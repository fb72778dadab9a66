import Core
import Testing

@testable import Permission

@Suite("Order, scopes, modes and callers")
struct JudgementTests {
  @Test("Floor before rules before mode")
  func order() throws {
    var court = Court(allow: ["execute_command"])
    #expect(try court.run("rm -rf /").layer == .floor)
    #expect(try court.run("ls").layer == .rule)
    court.allow = []
    #expect(try court.run("ls").layer == .mode)
  }

  @Test("Deny before ask before allow, however special a rule is")
  func actions() throws {
    let court = Court(allow: ["git status"], ask: ["git *"], deny: ["git push *"])
    #expect(try court.run("git status").verdict == .ask)
    #expect(try court.run("git push origin").verdict == .deny)
    #expect(try Court(allow: ["git *"], deny: ["execute_command"]).run("git status").verdict == .deny)
  }

  @Test("What the session says comes before what stands in the file")
  func session() throws {
    let allow = try Rule("execute_command(git *)", .allow)
    let court = Court(deny: ["git push *"], session: [allow])
    let judgement = try court.run("git push origin")
    #expect(judgement.verdict == .allow && judgement.scope == .session)
    #expect(try court.run("git push; rm x").verdict == .ask)
    let deny = try Rule("execute_command(git push *)", .deny)
    #expect(try Court(allow: ["git *"], session: [allow, deny]).run("git push").verdict == .deny)
  }

  @Test(
    "Modes decide what no rule says",
    arguments: [(PermissionMode.default, Verdict.ask), (.strict, .deny), (.bypass, .allow)])
  func modes(_ mode: PermissionMode, _ verdict: Verdict) throws {
    #expect(try Court(mode: mode).run("ls").verdict == verdict)
    #expect(try Court(mode: mode).judge("read_file", ["path": "x"]).verdict == verdict)
    #expect(try Court(mode: mode).judge("todo_list", [:]).verdict == verdict)
  }

  @Test("One denied command denies, one that is asked about asks")
  func conjunction() throws {
    let court = Court(allow: ["ls *", "echo *"], ask: ["make *"], deny: ["rm *"])
    #expect(try court.run("ls; echo a").verdict == .allow)
    #expect(try court.run("ls; make; echo a").verdict == .ask)
    #expect(try court.run("ls; make; rm x").verdict == .deny)
    #expect(try court.run("ls; unknown").verdict == .ask)
    #expect(try court.run("echo $(rm x)").verdict == .deny)
  }

  @Test("Deny goes by base name and through wrappers, allow by the plain name or a standard place")
  func names() throws {
    let court = Court(allow: ["ls *"], deny: ["rm *"])
    for command in [
      "/bin/rm x", "/opt/x/rm x", "./rm x", "\\rm x", "sudo rm x", "env A=1 rm x", "xargs rm", "find . -exec rm {} ;",
      "sh -c 'rm x'", "timeout 5 nice rm x",
    ] {
      #expect(try court.run(command).verdict == .deny, "\(command)")
    }
    for command in ["ls", "/bin/ls", "/usr/bin/ls -l"] {
      #expect(try court.run(command).verdict == .allow, "\(command)")
    }
    for command in ["./ls", "/tmp/ls", "../ls", "~/bin/ls"] {
      #expect(try court.run(command).verdict == .ask, "\(command)")
    }
  }

  @Test(
    "Globs: words, components, anchors",
    arguments: [
      ("git *", "gita", false), ("git *", "mygit", false), ("git *", "git push origin main", true),
      ("cat /var/log/*", "cat /var/log/a", true),
      ("cat /var/log/*", "cat /var/log/a/b", false), ("cat /var/log/*", "cat /var/log/a /etc/hosts", false),
      ("cat /var/log/*", "cat /var/log/../../etc/hosts", false),
      ("cat /var/log/**", "cat /var/log/../../etc/hosts", false),
      ("cat /var/log/**", "cat /var/log/a/b", true), ("npm run test:*", "npm run test", false),
      ("npm run test:*", "npm run test:a b", false),
      ("make [ab]", "make a", true), ("make [ab]", "make c", false), ("make ?", "make a", true),
      ("cat src/**", "cat src/../../x", false),
      ("cat src/**", "cat -n", false), ("curl https://a.example/*", "curl https://a.example/x/y", false),
      ("ls", "ls -l", false),
      ("* --version", "git --version", true), ("docker * ps", "docker --debug ps", true),
      ("docker * ps", "docker ps -a", false),
    ])
  func globs(_ rule: String, _ command: String, _ matches: Bool) throws {
    #expect((try Court(allow: [rule]).run(command).verdict == .allow) == matches)
  }

  @Test("Paths: given and resolved must both fit for allow, one is enough for deny")
  func paths() throws {
    struct Linked: PathView {
      func resolve(_ path: String) -> ResolvedPath {
        let path = PathText.normal(path)
        return ResolvedPath(path.hasPrefix("/home/anna/work/out") ? "/srv/data" + path.dropFirst(19) : path)
      }
      func names(in directory: String) -> [String] { [] }
    }
    var court = Court(allow: ["write_file(~/work/**)", "read_file(/srv/**)"], paths: Linked())
    #expect(try court.judge("write_file", ["path": "a.txt"]).verdict == .allow)
    #expect(try court.judge("write_file", ["path": "out/a.txt"]).verdict == .ask)
    #expect(try court.judge("read_file", ["path": "out/a.txt"]).verdict == .ask)
    #expect(try court.run("echo x > out/a").verdict == .ask)
    court.deny = ["write_file(/srv/**)"]
    #expect(try court.judge("write_file", ["path": "out/a.txt"]).verdict == .deny)
    #expect(try court.run("echo x > out/a").verdict == .deny)
    #expect(try court.run("cp a out/b").verdict == .deny)
    #expect(try court.judge("write_file", ["path": "/home/anna/work/../work/a"]).verdict == .allow)
    #expect(try court.judge("write_file", ["path": "../x"]).verdict == .ask)
    #expect(try court.judge("write_file", ["path": "a\0b"]).layer == .schema)
  }

  @Test(
    "The floor for every tool",
    arguments: [
      ("write_file", "path", ".env"), ("write_file", "path", "a/.env.local"), ("write_file", "path", ".git/hooks/x"),
      ("write_file", "path", "~/.ssh/x"),
      ("write_file", "path", "/etc/hosts"), ("write_file", "path", "/etc"),
      ("write_file", "path", "~/.cmdop/permissions.yaml"),
      ("write_file", "path", "/opt/cmdop/policy.yaml"), ("write_file", "path", "/usr/local/bin/cmdop"),
      ("write_file", "path", "/dev/sda"),
      ("write_file", "path", "/etc/systemd/system/cmdop.service"),
      ("write_file", "path", "~/.config/systemd/user/cmdop.service"),
      ("edit_file", "path", ".env"), ("read_file", "path", "~/.ssh/id_rsa"), ("read_file", "path", "/etc/shadow"),
      ("read_file", "path", "/proc/self/environ"),
      ("read_file", "path", "~/.cmdop/credentials.json"), ("read_file", "path", "~/.cmdop/logs/audit.log"),
      ("list_dir", "path", "~/.ssh"),
      ("glob", "pattern", "~/.ssh/*"), ("glob", "pattern", "/etc/shado?"), ("glob", "cwd", "~/.ssh"),
      ("files:write", "path", "~/.ssh/x"),
      ("read_file", "path", "../.ssh/id_rsa"), ("read_file", "path", "/home/other/.ssh/id_rsa"),
      ("read_file", "path", "/root/.ssh/id_rsa"),
    ])
  func floor(_ tool: String, _ argument: String, _ path: String) throws {
    let court = Court(mode: .bypass, allow: [tool])
    var arguments: JSON = [argument: .string(path)]
    if tool == "glob", argument == "cwd" { arguments = ["pattern": "*", "cwd": .string(path)] }
    #expect(try court.judge(tool, arguments).layer == .floor)
  }

  @Test(
    "Reading .env and ordinary places is no matter of the floor",
    arguments: [
      ("read_file", ".env"), ("read_file", "/etc/hosts"), ("read_file", "~/.sshrc"), ("write_file", "environment"),
      ("write_file", "~/x.env"),
      ("write_file", ".gitignore"), ("write_file", "~/etc/x"), ("read_file", "~/.cmdop/logs/agent.log"),
      ("write_file", "/dev/null"),
    ])
  func free(_ tool: String, _ path: String) throws {
    #expect(try Court(allow: [tool]).judge(tool, ["path": .string(path)]).verdict == .allow)
  }

  @Test("Background commands, words without a shell and typed lines are commands, too")
  func otherCommands() throws {
    let court = Court(allow: ["npm *"], deny: ["rm *"])
    #expect(try court.judge("shell_tasks", ["action": "start", "command": "npm run dev"]).verdict == .allow)
    #expect(try court.judge("shell_tasks", ["action": "start", "command": "rm x"]).verdict == .deny)
    #expect(try court.judge("shell_tasks", ["action": "start", "command": "rm -rf /"]).layer == .floor)
    #expect(try court.judge("shell_tasks", ["action": "list"]).verdict == .ask)
    #expect(try Court(allow: ["shell_tasks(list)"]).judge("shell_tasks", ["action": "list"]).verdict == .allow)
    #expect(
      try Court(allow: ["shell_tasks(start:npm *)"]).judge("shell_tasks", ["action": "start", "command": "npm test"])
        .verdict == .allow)
    #expect(try Court(allow: ["shell_tasks(start:npm *)"]).run("npm test").verdict == .ask)
    #expect(
      try Court(allow: ["run_words(git *)"]).judge("run_words", ["argv": ["git", "commit", "-m", "a; rm x $(b)"]])
        .verdict == .allow)
    #expect(try Court(mode: .bypass).judge("run_words", ["argv": ["rm", "-rf", "/"]]).layer == .floor)
    #expect(try Court(mode: .bypass).judge("execute_command", ["command": "rm -rf *", "cwd": "/"]).layer == .floor)
    #expect(
      try Court(mode: .bypass).judge("execute_command", ["command": "cat id_rsa", "cwd": "~/.ssh"]).layer == .floor)
  }

  @Test("Hosts are judged after the roster has said which one is meant; every one of several")
  func hosts() throws {
    let roster = [
      RosterEntry(id: "11111111-aaaa-4aaa-8aaa-000000000001", hostname: "prod-1", name: "Web"),
      RosterEntry(id: "22222222-aaaa-4aaa-8aaa-000000000002", hostname: "prod-2", name: "Shop"),
      RosterEntry(id: "33333333-aaaa-4aaa-8aaa-000000000003", hostname: "evil", name: "prod-9"),
    ]
    let court = Court(allow: ["ask_machine(prod-*)"], deny: ["ask_machine(prod-2)"], roster: roster)
    func ask(_ host: String) throws -> Judgement { try court.judge("ask_machine", ["hostname": .string(host)]) }
    for host in ["prod-1", "PROD-1.local", "Web", "11111111-aaaa-4aaa-8aaa-000000000001", "1111"] {
      #expect(try ask(host).verdict == .allow, "\(host)")
    }
    for host in ["prod-2", "Shop", "2222", "sho"] { #expect(try ask(host).verdict == .deny, "\(host)") }
    for host in ["evil", "prod-9", "3333"] { #expect(try ask(host).verdict == .ask, "\(host)") }
    for host in ["nobody", "prod", "p"] { #expect(try ask(host).layer == .schema, "\(host)") }
    #expect(try court.judge("ask_machines", ["hostnames": ["prod-1", "web"]]).verdict == .allow)
    #expect(try court.judge("ask_machines", ["hostnames": ["prod-1", "prod-2"]]).verdict == .deny)
    #expect(try court.judge("ask_machines", ["hostnames": ["prod-1", "evil"]]).verdict == .ask)
    #expect(
      try Court(allow: ["ask_machine(Web)"], roster: roster).judge("ask_machine", ["hostname": "prod-1"]).verdict
        == .allow)
    #expect(
      try Court(allow: ["connect(exec:prod-*)"], roster: roster).judge(
        "connect", ["operation": "exec", "hostname": "prod-1"]
      ).verdict == .allow)
    #expect(
      try Court(allow: ["connect(exec:prod-*)"], roster: roster).judge(
        "connect", ["operation": "open", "hostname": "prod-1"]
      ).verdict == .ask)
    #expect(
      try Court(allow: ["ask_agent(prod-*)"], roster: roster).judge("ask_machine", ["hostname": "prod-1"]).verdict
        == .allow)
  }

  @Test("A caller at this machine is not judged but for the floor; nobody raises rights from afar")
  func callers() throws {
    var court = Court(mode: .strict, origin: .local)
    #expect(try court.run("ls").verdict == .allow)
    #expect(try court.run("rm -rf /").verdict == .deny)
    #expect(try court.run("cmdop permissions mode bypass").verdict == .allow)
    court.origin = .mcp
    #expect(try court.run("cmdop permissions mode bypass").layer == .floor)
    #expect(try Court(allow: ["cmdop *"]).run("cmdop machines --json").verdict == .allow)
    #expect(try Court(allow: ["cmdop *"]).run("cmdop agent status").verdict == .allow)
  }

  @Test(
    "What cannot be analysed is asked about, denied in strict, and not passed in bypass",
    arguments: ["$x a", "a 'b", "eval \"$x\"", "f() { a; }; f", "a\u{200b}b"])
  func unanalysable(_ command: String) throws {
    #expect(try Court(allow: ["execute_command"]).run(command).verdict == .ask)
    #expect(try Court(mode: .strict, allow: ["execute_command"]).run(command).verdict == .deny)
    #expect(try Court(mode: .bypass).run(command).verdict == .ask)
  }

  @Test("External tools: rules by their name, and the floor for what looks like a path or a command")
  func external() throws {
    let court = Court(allow: ["files:write(~/work/**)"])
    #expect(try court.judge("files:write", ["path": "a.txt", "note": "n"]).verdict == .ask)
    #expect(
      try Court(mode: .bypass).judge("files:write", ["path": "a", "note": "n", "command": "rm -rf /"]).layer == .floor)
    #expect(
      try Court(mode: .bypass).judge("files:write", ["path": "a", "note": "n", "deep": [["file": "~/.ssh/x"]]]).layer
        == .floor)
    #expect(try Court(allow: ["files:write(*)"]).judge("files:write", ["path": "a", "note": "n"]).verdict == .allow)
  }

  @Test("Rules about all tools of a server, and whom they mean")
  func servers() throws {
    func judge(_ court: Court) throws -> Judgement { try court.judge("files:copy", ["path": "a"]) }
    #expect(try judge(Court()).verdict == .ask)
    #expect(try judge(Court(origin: .local)).verdict == .allow)
    #expect(try judge(Court(allow: ["files:*"])).verdict == .allow)
    #expect(try judge(Court(allow: ["file:*", "files:read", "copy:*"])).verdict == .ask)
    #expect(try judge(Court(allow: ["files:copy"], deny: ["files:*"])).verdict == .deny)
    #expect(try judge(Court(allow: ["files:*"], deny: ["files:copy"])).verdict == .deny)
    #expect(try judge(Court(mode: .bypass, deny: ["files:*"])).verdict == .deny)
    #expect(try judge(Court(allow: ["files:*(~/work/**)"])).verdict == .allow)
    #expect(try judge(Court(allow: ["files:*(~/other/**)"])).verdict == .ask)
    for wrong in [":*", "*", "fi*:x", "files:w*", "files:**", "read_file*"] {
      #expect(throws: CmdopError.self, "\(wrong)") { try Rule(wrong, .deny) }
    }
  }

  @Test("Arguments that do not fit the schema are refused before anything else")
  func schema() throws {
    #expect(try Court(mode: .bypass).judge("execute_command", ["command": 1]).layer == .schema)
    #expect(try Court(mode: .bypass).judge("execute_command", ["command": "ls", "x": 1]).layer == .schema)
  }

  @Test(
    "Where the fleet's machines must be known and are not, no host is allowed, by no rule and in no mode",
    arguments: [(PermissionMode.default, Verdict.ask), (.strict, .deny), (.bypass, .ask)])
  func unknownFleet(_ mode: PermissionMode, _ verdict: Verdict) throws {
    func judge(_ host: String, _ allow: [String] = [], deny: [String] = []) throws -> Judgement {
      let court = Court(mode: mode, allow: allow, deny: deny)
      guard let tool = Catalogue.tool("ask_machine") else { throw CmdopError(.notFound, "ask_machine") }
      var place = court.place
      place.needsRoster = true
      return Gate.judge(
        Act(tool, ["hostname": .string(host)], from: .remote, in: "/"), try court.policies(), place)
    }
    let judgement = try judge("prod-1", ["ask_machine(prod-*)"])
    #expect(judgement.verdict == verdict && judgement.reason.contains("not known at the moment"))
    #expect(try judge("prod-1").verdict == verdict)
    #expect(try judge("prod-1", deny: ["ask_machine(prod-*)"]).layer == .rule)
    #expect(try judge("localhost", ["ask_machine(localhost)"]).verdict == .allow)
  }

  @Test("The judgement says which machine was judged for each name")
  func resolved() throws {
    let roster = [
      RosterEntry(id: "11111111-0000-0000-0000-000000000000", hostname: "prod-1", name: "Web"),
      RosterEntry(id: "22222222-0000-0000-0000-000000000000", hostname: "db", name: "Db"),
    ]
    let court = Court(allow: ["ask_machines"], roster: roster)
    let hosts = try court.judge("ask_machines", ["hostnames": ["web", "db.local", "nobody"]]).hosts
    #expect(hosts == ["web": roster[0].id, "db.local": roster[1].id])
  }
}
