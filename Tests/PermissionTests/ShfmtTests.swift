import Core
import Foundation
import Testing

@testable import Permission

/// Another parser of the same grammar, by other people: shfmt. What it sees, ours sees, or ours says that it does not understand.
@Suite("Compared with shfmt")
struct ShfmtTests {
  static let shfmt = ["/usr/bin/shfmt", "/usr/local/bin/shfmt"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }
  static let count = ProcessInfo.processInfo.environment["CMDOP_SHELL_SCRIPTS"].flatMap(Int.init) ?? 1500

  @Test("Every simple command that shfmt sees, ours sees, or it is un-analysable")
  func compare() throws {
    let shfmt = try #require(Self.shfmt, "install shfmt: scripts/bootstrap.sh shell")
    let seed =
      ProcessInfo.processInfo.environment["CMDOP_SHELL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 1...1 << 40)
    print("scripts: \(Self.count), seed: \(seed)")
    var scripts = Scripts(seed: seed)
    var (understood, refused, foreign, commands) = (0, 0, 0, 0)
    var left = Self.count
    while left > 0 {
      let texts = (0..<min(250, left)).map { _ in scripts.script() }
      left -= texts.count
      let read = texts.map { ShellScript($0) }
      refused += read.count { $0.fault != nil }
      // shfmt takes `$x#y` and `$$#y` for a variable and a comment, as `'a'#y`, cuts a word in backticks behind an escaped blank, and takes
      // `H\OME=[a]` for an assignment. bash does none of it.
      let odd = #/(?:\$(?:\w+|[$!?*@#\-])|['"])#|`[^`]*\\ |\\\w+\+?=/#
      let whole = texts.indices.filter { read[$0].isWhole && texts[$0].firstMatch(of: odd) == nil }
      for (index, theirs) in zip(whole, try Self.parse(whole.map { texts[$0] }, with: shfmt)) {
        guard let theirs else {
          // It refuses what we read; there is nothing to compare.
          foreign += 1
          continue
        }
        understood += 1
        commands += theirs.count
        let seen = Self.counted(read[index].commands.flatMap(Self.keys))
        for (key, number) in Self.counted(theirs) where seen[key, default: 0] < number {
          Issue.record("shfmt sees \(number) × \(key), ours \(seen[key, default: 0]): \(texts[index].debugDescription)")
        }
      }
    }
    print(
      "shfmt: \(understood) compared, with \(commands) commands; \(refused) un-analysable; \(foreign) only ours reads")
    #expect(understood > Self.count / 3)
  }

  /// Behind a bar `time` is a program, not a word of the grammar; shfmt thinks otherwise, so that what it runs counts, too.
  private static func keys(_ command: ShellCommand) -> [String] {
    guard let first = command.words.first else { return [] }
    guard first.literal == "time" else { return [key(first)] }
    let rest = command.words.dropFirst().drop { word in
      if case .plain(let text)? = word.pieces.first {
        text == "-p" || text.firstMatch(of: #/^[A-Za-z_]\w*\+?=/#) != nil
      } else {
        false
      }
    }
    return ["time"] + rest.prefix(1).map(key)
  }

  private static func counted(_ keys: [String]) -> [String: Int] {
    Dictionary(keys.map { ($0, 1) }, uniquingKeysWith: +)
  }

  /// The command word, as far as it is text; both sides write what is expanded as one sign.
  private static func key(_ word: ShellWord) -> String {
    word.pieces.map { piece in
      switch piece {
      case .plain(let text), .quoted(let text): text == "/dev/fd/63" ? "¤" : text
      default: "¤"
      }
    }.joined()
  }

  /// The command words of each script; nil for one that shfmt refuses.
  private static func parse(_ texts: [String], with shfmt: String) throws -> [[String]?] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cmdop-shfmt-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (index, text) in texts.enumerated() { try Data(text.utf8).write(to: folder.appending(path: "\(index)")) }
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = [
      "-c", "for ((i = 0; i < $2; i++)); do \"$1\" -ln bash --to-json <$i >$i.json 2>/dev/null || rm -f $i.json; done",
      "bash", shfmt, "\(texts.count)",
    ]
    process.currentDirectoryURL = folder
    try process.run()
    process.waitUntilExit()
    return texts.indices.map { index in
      guard let bytes = FileManager.default.contents(atPath: folder.appending(path: "\(index).json").path),
        !bytes.isEmpty,
        let tree = try? JSONSerialization.jsonObject(with: bytes)
      else { return nil }
      var words: [String] = []
      collect(tree, &words)
      return words
    }
  }

  private static func collect(_ node: Any, _ words: inout [String]) {
    if let items = node as? [Any] {
      for item in items { collect(item, &words) }
    } else if let members = node as? [String: Any] {
      if members["Type"] as? String == "CallExpr", let arguments = members["Args"] as? [[String: Any]],
        let first = arguments.first
      {
        words.append(text(first))
      }
      if members["Type"] as? String == "DeclClause", let variant = members["Variant"] as? [String: Any] {
        words.append(variant["Value"] as? String ?? "")
      }
      if members["Type"] as? String == "LetClause" { words.append("let") }
      for (_, value) in members { collect(value, &words) }
    }
  }

  private static func text(_ word: [String: Any]) -> String {
    (word["Parts"] as? [[String: Any]] ?? []).map { part in
      switch part["Type"] as? String {
      case "Lit": unescaped(part["Value"] as? String ?? "", isQuoted: false)
      case "SglQuoted":
        part["Dollar"] as? Bool == true ? ansi(part["Value"] as? String ?? "") : part["Value"] as? String ?? ""
      case "DblQuoted": quoted(part)
      case "BraceExp": "{}"
      default: "¤"
      }
    }.joined()
  }

  private static func quoted(_ part: [String: Any]) -> String {
    (part["Parts"] as? [[String: Any]] ?? []).map { inner in
      inner["Type"] as? String == "Lit" ? unescaped(inner["Value"] as? String ?? "", isQuoted: true) : "¤"
    }.joined()
  }

  private static func ansi(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "\\", let next = rest.popFirst() else {
        result.append(character)
        continue
      }
      result.append(next == "n" ? "\n" : next)
    }
    return result
  }

  private static func unescaped(_ text: String, isQuoted: Bool) -> String {
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "\\", let next = rest.first else {
        result.append(character)
        continue
      }
      if next == "\n" {
        rest.removeFirst()
      } else if !isQuoted || "\"\\$`".contains(next) {
        result.append(rest.removeFirst())
      } else {
        result.append("\\")
      }
    }
    return result
  }
}
