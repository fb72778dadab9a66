import Core

/// Paths, hosts and other arguments before the gate.
extension Hearing {
  /// As it is written, and where it leads; both absolute.
  private func views(_ path: String) -> (plain: String, real: ResolvedPath) {
    let absolute = Self.absolute(path, in: directory, home: place.home)
    return (PathText.normal(absolute), place.paths.resolve(absolute))
  }

  private func floor(_ path: String, _ access: PathUse.Access) -> Judgement? {
    let (plain, real) = views(path)
    if real.isBlockDevice { return Judgement(.deny, .floor, "\(real.path) is a block device") }
    for seen in plain == real.path ? [plain] : [plain, real.path] {
      if let reason = Floor.forbids(seen, access, place) { return Judgement(.deny, .floor, reason) }
    }
    // Patterns of glob and its like carry a path.
    if path.utf8.contains(where: { $0 == 0x2a || $0 == 0x3f || $0 == 0x5b }),
      let reason = SecretGlobs.reaches(plain, access, place)
    {
      return Judgement(.deny, .floor, reason)
    }
    return nil
  }

  mutating func judgeFloor(_ path: String, _ access: GatedArgument.Access) -> Judgement {
    floor(path, access == .write ? .write : .read) ?? Judgement(.allow, .mode, "")
  }

  mutating func judge(path: String, _ access: GatedArgument.Access) -> Judgement {
    let access: PathUse.Access = access == .write ? .write : .read
    paths.append(views(path).real.path)
    return floor(path, access) ?? judge(path: path, tools: pathTools(access))
  }

  /// The tools whose rules are asked: its own may allow; those of plain reading and writing may forbid, too.
  private func pathTools(_ access: PathUse.Access) -> (own: [String], also: [String]) {
    (Self.family(act.tool.name), access == .write ? ["write_file"] : ["read_file"])
  }

  func judge(path: String, tools: (own: [String], also: [String])) -> Judgement {
    let (plain, real) = views(path)
    let matches: (Rule, Verdict) -> Bool = { rule, way in
      if way == .allow, !tools.own.contains(rule.tool) { return false }
      switch reading(rule, isOwn: rule.tool == act.tool.name) {
      case .everything: return true
      case .other: return false
      case .patterns(let patterns):
        let fits = [plain, real.path].map { patterns.path.matches($0, home: place.home, directory: directory) }
        if way == .allow { return fits[0] && fits[1] }
        // Deny and ask: also a name anywhere, and a lone star as everything.
        return fits[0] || fits[1] || patterns.text == "*" || patterns.path.matchesName(plain)
          || patterns.path.matchesName(real.path)
      }
    }
    return rules(
      tools.own + tools.also.filter { !tools.own.contains($0) }, matches,
      orElse: "no rule is about \(act.tool.name) of \(real.path)")
  }

  // MARK: hosts

  mutating func judge(host: String) -> Judgement {
    let isHere = HostNames.normal(host) == "localhost"
    let found = judge(host: host, isHere: isHere)
    guard place.needsRoster, place.roster == nil, !isHere, found.verdict == .allow else { return found }
    let unknown =
      "the fleet's machines are not known at the moment, so it cannot be told which one \(OneLine.of(host)) is"
    return policies.mode == .bypass ? Judgement(.ask, .mode, unknown) : mode(unknown)
  }

  private mutating func judge(host: String, isHere: Bool) -> Judgement {
    var names: [String] = [host]
    var broad: [String] = [host]
    var entry: RosterEntry?
    // This machine needs no roster.
    if let roster = place.roster, !isHere {
      switch HostNames.resolve(host, among: roster) {
      case .failure(let fault): return Judgement(.deny, .schema, fault.reason)
      case .success(let found):
        entry = found
        hosts[host] = found.id
        names = [HostNames.normal(found.hostname), found.hostname, found.id]
        broad += names + [found.name]
      }
    } else {
      names.append(HostNames.normal(host))
      broad = names
    }
    return rules(
      Self.family(act.tool.name),
      { rule, way in
        let patterns: Rule.Patterns
        switch reading(rule, isOwn: rule.tool == act.tool.name) {
        case .everything: return true
        case .other: return false
        case .patterns(let found): patterns = found
        }
        let glob = Glob(HostNames.normal(patterns.text))
        if (way == .allow ? names : broad).contains(where: {
          glob.matches(HostNames.normal($0)) || patterns.glob.matches($0)
        }) {
          return true
        }
        // A rule may say the name that people use, as far as it means one machine.
        guard glob.isLiteral, let roster = place.roster, let entry else { return false }
        return HostNames.exact(patterns.text, among: roster)?.id == entry.id
      }, orElse: "no rule is about \(act.tool.name) of \(entry?.hostname ?? host)")
  }

  func judge(text: String) -> Judgement {
    rules(
      Self.family(act.tool.name),
      { rule, _ in
        switch reading(rule) {
        case .everything: true
        case .other: false
        case .patterns(let patterns): patterns.glob.matches(text) || patterns.text == "*"
        }
      }, orElse: "no rule is about \(act.tool.name) of \(OneLine.of(String(text.prefix(100))))")
  }

  // MARK: what a tool did not declare

  /// Arguments of external tools that look like paths or commands: the floor holds for them, too.
  mutating func judgeUndeclared(_ gated: [GatedArgument]) -> Judgement {
    guard case .object(let members) = act.arguments else { return Judgement(.allow, .mode, "") }
    let declared = Set(gated.map(\.name)).union(act.tool.gate.arguments.map(\.name))
    let isOwn = !act.tool.name.contains(":")
    for (name, value) in members where !declared.contains(name) {
      if isOwn,
        ["content", "text", "prompt", "old_text", "new_text", "old_string", "new_string", "query", "pattern", "input"]
          .contains(name)
      {
        continue
      }
      if let reason = forbidden(value, name: name, depth: 0) { return Judgement(.deny, .floor, "\(name): \(reason)") }
    }
    return Judgement(.allow, .mode, "")
  }

  private static let commandNames: Set<String> = [
    "command", "cmd", "script", "shell", "shell_command", "commandline", "command_line", "code",
  ]
  private static let pathNames: Set<String> = [
    "path", "file", "filename", "file_path", "filepath", "dest", "destination", "target", "dir", "directory", "cwd",
    "folder", "source",
    "src", "dst", "output", "input_file", "output_file", "paths", "files", "uri",
  ]

  /// A rule about another server's tool, whose arguments are not declared: its pattern is about the paths among them. For allow
  /// all of them must fit.
  func meansOther(_ patterns: Rule.Patterns, _ way: Verdict) -> Bool {
    guard act.tool.name.contains(":"), case .object(let members) = act.arguments else { return false }
    var fits: [Bool] = []
    for (name, value) in members where Self.pathNames.contains(name.lowercased()) {
      for text in value.strings ?? value.string.map({ [$0] }) ?? [] {
        let (plain, real) = views(text)
        let both = [plain, real.path].map { patterns.path.matches($0, home: place.home, directory: directory) }
        fits.append(way == .allow ? both[0] && both[1] : both[0] || both[1])
      }
    }
    if way != .allow, members.values.contains(where: { $0.string.map { patterns.glob.matches($0) } ?? false }) {
      return true
    }
    return way == .allow ? !fits.isEmpty && !fits.contains(false) : fits.contains(true)
  }

  private func forbidden(_ value: JSON, name: String, depth: Int) -> String? {
    guard depth < 8 else { return nil }
    switch value {
    case .array(let items):
      for item in items.prefix(1000) { if let reason = forbidden(item, name: name, depth: depth + 1) { return reason } }
    case .object(let members):
      for (name, item) in members { if let reason = forbidden(item, name: name, depth: depth + 1) { return reason } }
    case .string(let text):
      let lower = name.lowercased()
      if Self.commandNames.contains(lower) {
        var hearing = self
        let found = hearing.judge(Analysis(text, in: [directory], place), text: text)
        if found.layer == .floor { return found.reason }
      }
      var path = text[...]
      if path.hasPrefix("file://") { path = path.dropFirst(7) }
      let looks =
        path.hasPrefix("/") || path.hasPrefix("~") || path.hasPrefix("./") || path.hasPrefix("../")
        || path.hasPrefix(".")
      guard Self.pathNames.contains(lower) || looks, text.utf8.count < 4096 else { return nil }
      if let found = floor(String(path), act.tool.traits.isReadOnly ? .read : .write) { return found.reason }
    default: break
    }
    return nil
  }
}

/// The rules of PRODUCT's one resolver, for whoever has only names: ids by their shape, then hostname, name, unique beginnings.
enum HostNames {
  struct Fault: Error { let reason: String }

  /// Case does not count, nor does mDNS's suffix.
  static func normal(_ name: String) -> String {
    let name = name.lowercased()
    return name.hasSuffix(".local") ? String(name.dropLast(6)) : name
  }

  static func exact(_ words: String, among roster: [RosterEntry]) -> RosterEntry? {
    let wanted = normal(words)
    for hits in [
      roster.filter { normal($0.id) == wanted }, roster.filter { normal($0.hostname) == wanted },
      roster.filter { normal($0.name) == wanted },
    ]
    where !hits.isEmpty { return hits.count == 1 ? hits[0] : nil }
    return nil
  }

  static func resolve(_ words: String, among roster: [RosterEntry]) -> Result<RosterEntry, Fault> {
    let wanted = normal(words)
    if wanted.count < 2 { return .failure(Fault(reason: "\"\(OneLine.of(words))\" is too short to name a machine")) }
    let isID = wanted.utf8.count == 36 && wanted.utf8.filter { $0 == 0x2d }.count == 4
    let ways: [(RosterEntry) -> Bool] =
      isID
      ? [{ normal($0.id) == wanted }]
      : [
        { normal($0.hostname) == wanted },
        { normal($0.name) == wanted },
        { wanted.count >= 4 && normal($0.id).hasPrefix(wanted) },
        { normal($0.hostname).hasPrefix(wanted) || normal($0.name).hasPrefix(wanted) },
        { normal($0.hostname).contains(wanted) || normal($0.name).contains(wanted) },
      ]
    for way in ways {
      let hits = roster.filter(way)
      if hits.count == 1 { return .success(hits[0]) }
      if hits.count > 1 {
        return .failure(
          Fault(
            reason:
              "\"\(OneLine.of(String(words.prefix(100))))\" could be \(hits.prefix(10).map(\.hostname).joined(separator: ", "))"
          ))
      }
    }
    return .failure(Fault(reason: "no machine \"\(OneLine.of(String(words.prefix(100))))\" in your fleet"))
  }
}
