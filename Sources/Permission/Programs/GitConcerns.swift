/// What git can be made to run, and to write.
enum GitConcerns {
  /// Before the subcommand.
  private static let early: Set<String> = [
    "-c", "--exec-path", "--config-env", "--git-dir", "--work-tree", "--namespace",
  ]
  /// Behind it, whatever it is.
  private static let late = [
    "--upload-pack", "--receive-pack", "--exec", "--open-files-in-pager", "--ext-diff", "--textconv", "--extcmd",
    "--output",
    "--template", "--config", "--tree-filter", "--index-filter", "--msg-filter", "--env-filter", "--commit-filter",
    "--parent-filter", "--tag-name-filter", "--sendmail-cmd", "--smtp-server", "--to-cmd", "--cc-cmd",
    "--output-directory",
    "--gpg-sign", "--edit-description", "--separate-git-dir",
  ]
  /// Whole options, although others begin so.
  private static let plain: Set<String> = ["--cc", "--to", "--index", "--edit"]
  private static let commands: Set<String> = [
    "bisect", "filter-branch", "difftool", "mergetool", "instaweb", "send-email", "daemon", "hook", "shell",
    "web--browse",
    "credential", "bundle", "fast-import", "cvsserver", "archimport", "remote-ext", "remote-fd", "upload-pack",
    "receive-pack",
  ]

  static func check(_ invocation: inout Invocation) {
    let words = invocation.words
    var index = 1
    while index < words.count {
      let text = words[index].text
      guard text.hasPrefix("-") else { break }
      let name = String(text.prefix { $0 != "=" })
      if early.contains(name) || text.hasPrefix("-c") { invocation.hide("git \(name) may make git run a program") }
      if name == "-C" {
        index += 1
        checkDirectory(index < words.count ? words[index] : Argument(), &invocation)
      } else if text == "-c" || ["--git-dir", "--work-tree", "--namespace", "--exec-path"].contains(text) {
        index += text == "--exec-path" ? 0 : 1
      }
      index += 1
    }
    guard index < words.count else { return }
    let command = words[index].text
    let rest = words[(index + 1)...]
    if commands.contains(command) { invocation.hide("git \(command) runs programs") }
    for word in rest {
      if word.text == "--" { break }
      let name = word.text.prefix { $0 != "=" }
      if word.text.hasPrefix("--"), name.utf8.count > 2, !plain.contains(String(name)),
        late.contains(where: { $0.hasPrefix(name) })
      {
        let reason = "git \(command) \(name) may run a program or write a file"
        if name.hasPrefix("--outp") { invocation.worry(reason) } else { invocation.hide(reason) }
      }
    }
    checkSubcommand(command, rest, &invocation)
    for word in rest where Self.namesHelper(word.text) {
      invocation.hide("git runs the program in \(word.text)")
    }
  }

  /// ext::a and its like: git runs a program for such an address. Nothing else has two colons in a row.
  private static func namesHelper(_ text: String) -> Bool {
    var before: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x3a, before == 0x3a {
        return text.firstRange(of: "ext::") != nil || text.firstRange(of: "fd::") != nil
      }
      before = byte
    }
    return false
  }

  /// Another repository's configuration may name programs; one below this directory is this caller's anyway.
  private static func checkDirectory(_ word: Argument, _ invocation: inout Invocation) {
    guard word.isKnown, let directories = invocation.directories else {
      return invocation.worry("git -C a computed directory")
    }
    for directory in directories {
      let path = PathText.normal(PathText.absolute(word.text, in: directory))
      if !PathText.isInside(path, directory) {
        invocation.worry("git -C \(word.display): a repository elsewhere may name programs")
      }
    }
  }

  /// The same for where it runs. `ground`: where the call began; nil: that is not known.
  static func checkPlace(_ invocation: inout Invocation, _ ground: [String]?) {
    guard let directories = invocation.directories, let ground else {
      return invocation.worry("git in a directory that is not known: a repository there may name programs")
    }
    for directory in directories where !ground.contains(where: { PathText.isInside(directory, $0) }) {
      return invocation.worry("git in \(directory): a repository elsewhere may name programs")
    }
  }

  private static func checkSubcommand(_ command: String, _ rest: ArraySlice<Argument>, _ invocation: inout Invocation) {
    // A letter may stand anywhere in a cluster: -nOless. Long options may be cut.
    func has(_ names: String...) -> Bool {
      rest.contains { word in
        names.contains { name in
          if name.hasPrefix("--") { return word.text.utf8.count > 2 && name.hasPrefix(word.text.prefix { $0 != "=" }) }
          if !name.hasPrefix("-") { return word.text == name }
          return word.text.hasPrefix("-") && !word.text.hasPrefix("--")
            && word.text.dropFirst().prefix(while: \.isLetter).contains { $0 == name.last }
        }
      }
    }
    switch command {
    case "config":
      let operands = rest.filter { !$0.text.hasPrefix("-") }
      let queries: Set<String> = ["--get", "--get-all", "--list", "-l", "--get-regexp", "--get-urlmatch"]
      let isReading =
        rest.contains { queries.contains($0.text) } || operands.first?.text == "get"
        || operands.first?.text == "list" || operands.count < 2
      if !isReading || has("-e", "--edit") {
        invocation.hide("git config may name programs that git runs")
      }
    case "clean":
      if has("-x", "-X") {
        invocation.hide("git clean -x removes what is not tracked, .env too")
      }
    case "rebase": if has("-x", "--exec") { invocation.hide("git rebase --exec runs a program") }
    case "grep": if has("-O") { invocation.hide("git grep -O runs a program") }
    case "submodule":
      if rest.contains(where: { $0.text == "foreach" }) { invocation.hide("git submodule foreach runs programs") }
    case "clone", "fetch", "pull", "push", "ls-remote", "init":
      if has("-u"), command == "clone" { invocation.hide("git clone -u runs a program") }
      if command == "clone", has("-c") { invocation.hide("git clone -c may name programs") }
    case "archive": if has("-o") { invocation.worry("git archive -o writes a file") }
    case "format-patch": if has("-o") { invocation.worry("git format-patch -o writes files") }
    case "am", "apply": if has("--unsafe-paths", "--directory") { invocation.hide("git apply may write elsewhere") }
    case "worktree": if has("add") { invocation.worry("git worktree add writes elsewhere") }
    case "remote":
      if rest.contains(where: { $0.text.contains("::") }) { invocation.hide("git remote with a helper program") }
    case "help": if has("-w", "--web", "-i", "--info") { invocation.worry("git help runs a browser") }
    default: break
    }
  }
}
