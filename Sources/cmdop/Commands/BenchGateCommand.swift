import ArgumentParser
import Core
import Host
import Permission
import Tools

/// What a judgement costs (docs/performance.md): a command of 200 bytes under 200 rules, and the longest text that is read.
struct BenchGateCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "bench-gate", abstract: "Measure the gate.", shouldDisplay: false)
  @OptionGroup var options: GlobalOptions
  @Option(help: "How many rules.") var rules = 200
  @Option(help: "How many judgements of each.") var judgements = 20_000

  private static let commands = [
    "git log --oneline --decorate --since='2 weeks ago' -- Sources Tests | grep -v merge | head -n 50 && git diff --stat HEAD~10 -- docs"
      + " && echo \"done with $HOME\" && ls -la /usr/share/doc /var/log | wc -l",
    "cd src && for f in a.txt b.txt c.txt; do grep -n TODO \"$f\" | sort -k2 | uniq -c; done; if [ -d build ]; then cp -r build /tmp/out;"
      + " else mkdir -p build/x/y; fi; tar czf /tmp/x.tgz src docs 2>/dev/null",
    "git commit -m 'a message that is long enough to fill what is left of the two hundred bytes that the measure wants, and then some'"
      + " --author 'Anna <anna@example.com>' --date 2026-03-01 && git push",
  ]

  func work() async throws {
    var list = [
      "git *", "grep *", "head *", "echo *", "ls *", "wc *", "sort *", "uniq *", "cp *", "mkdir *", "cd *", "[ *",
      "tar *",
    ]
    .map { ("execute_command(\($0))", Verdict.allow) }
    for number in 0..<max(0, rules - list.count) {
      list.append(
        number % 4 == 0
          ? ("write_file(/srv/app\(number)/**)", .allow)
          : number % 4 == 1
            ? ("execute_command(* --flag\(number))", .deny)
            : number % 4 == 2
              ? ("execute_command(tool\(number) *)", .allow) : ("read_file(/srv/secret\(number)/**)", .deny))
    }
    let policies = Policies(global: Policy(rules: try list.map { try Rule($0.0, $0.1) }))
    let account = try UserAccount.current()
    let place = Surroundings(
      home: account.home, user: account.name, cmdopHome: account.home + "/.cmdop", paths: RealPaths())
    guard let tool = try ToolCatalogue.builtIn().first(where: { $0.name == "execute_command" }) else { return }
    var spans: [Double] = []
    for number in 0..<judgements {
      let text = Self.commands[number % Self.commands.count]
      let act = Act(tool, ["command": .string(text)], from: .remote, in: account.home)
      let start = ContinuousClock.now
      let judgement = Gate.judge(act, policies, place)
      spans.append((ContinuousClock.now - start) / .microseconds(1))
      if judgement.layer == .floor {
        throw CmdopError(.internalError, "the bench's command is forbidden: \(judgement.reason)")
      }
    }
    report("a command of 200 bytes, \(list.count) rules", &spans, "µs")
    for (name, unit) in [
      ("words", "word "), ("commands in one", "a;"), ("substitutions", "echo \"$(a b)\" "),
      ("one here-document", "x\n"),
    ] {
      let head = unit == "x\n" ? "cat <<E\n" : "echo "
      let tail = unit == "x\n" ? "E\n" : ""
      let size = 256 * 1024 - head.utf8.count - tail.utf8.count
      let text = head + String(repeating: unit, count: size / unit.utf8.count) + tail
      let act = Act(tool, ["command": .string(text)], from: .remote, in: account.home)
      var spans: [Double] = []
      for _ in 0..<20 {
        let start = ContinuousClock.now
        _ = Gate.judge(act, policies, place)
        spans.append((ContinuousClock.now - start) / .milliseconds(1))
      }
      report("256 KiB of \(name)", &spans, "ms")
    }
  }

  private func report(_ what: String, _ spans: inout [Double], _ unit: String) {
    spans.sort()
    func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
    let (p50, p99) = (rounded(spans[spans.count / 2]), rounded(spans[spans.count * 99 / 100]))
    if options.json {
      struct View: Encodable {
        let what, unit: String
        let p50, p99: Double
      }
      Report.json(View(what: what, unit: unit, p50: p50, p99: p99))
    } else {
      Report.line("\(what): p50 \(p50) \(unit), p99 \(p99) \(unit)")
    }
  }
}
