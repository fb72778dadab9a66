import Testing

@testable import Permission

@Suite("The parser finds every command")
struct ParserTests {
  /// Commands as ours sees them: words joined by "·".
  static func commands(_ text: String) -> [String] {
    ShellScript(text).commands.filter { !$0.words.isEmpty }.map { $0.words.map(\.display).joined(separator: "·") }
  }

  @Test(
    "at every level",
    arguments: [
      ("a b 'c d' \"e f\" g\\ h", ["a·b·c d·e f·g h"]),
      ("a; b & c && d || e | f |& g\nh", ["a", "b", "c", "d", "e", "f", "g", "h"]),
      ("(a; b) { c; }", ["a", "b"]),
      ("{ a; b; } > x", ["a", "b"]),
      ("if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]),
      ("while a; do b; done; until c; do d; done", ["a", "b", "c", "d"]),
      ("for x in 1 2; do a $x; done", ["a·${x}"]),
      ("for ((i=0; i<3; i++)); do a; done", ["a"]),
      ("case x in (a|b) c;; d) e;& *) f;; esac", ["c", "e", "f"]),
      ("select x in a b; do c; done", ["c"]),
      ("f() { a; }; function g { b; }; function h() (c)", ["a", "b", "c"]),
      ("[[ $(a) == b && ! -f c ]] && d", ["a", "d"]),
      ("(( $(a) + 1 )); b", ["a", "b"]),
      ("echo $(a $(b) `c`) \"$(d \"$(e)\")\"", ["b", "c", "a·$(…)·$(…)", "e", "d·$(…)", "echo·$(…)·$(…)"]),
      ("a <(b) >(c) <<<$(d)", ["b", "c", "d", "a·/dev/fd/63·/dev/fd/63"]),
      ("a ${x:-$(b)} \"${y:=`c`}\" ${z/$(d)/e}", ["b", "c", "d", "a·${x…}·${y…}·${z…}"]),
      ("a $(( 1 + $(b) )) $((echo c); (d))", ["b", "echo·c", "d", "a·$((…))·$(…)"]),
      ("x=$(a) b=1 c", ["a", "c"]),
      ("x=(1 $(a) [2]=3); declare -a y=(`b`)", ["a", "b", "declare·-a·y=(…)"]),
      ("cat <<E\n$(a)\nE\nb", ["cat", "a", "b"]),
      ("cat <<'E'\n$(a)\nE\nb", ["cat", "b"]),
      ("cat <<-E | b\n\tx\n\tE\nc", ["cat", "b", "c"]),
      ("cat <<A <<B\n$(a)\nA\n$(b)\nB\nc", ["cat", "a", "b", "c"]),
      ("a \\\nb; c # d; e\nf", ["a·b", "c", "f"]),
      ("a$'\\x41\\n'b $\"c\"", ["aA\nb·c"]),
      ("time -p a | b; ! c", ["a", "b", "c"]),
      ("a 2>&1 >/dev/null <b &>c; d", ["a", "d"]),
      ("a; `b; \\`c\\``", ["a", "b", "c", "$(…)", "$(…)"]),
      ("eval 'a; b' ; trap 'c' EXIT", ["eval·a; b", "a", "b", "trap·c·EXIT", "c"]),
      ("$(a)", ["a", "$(…)"]), ("a b=(1)", ["a·b="]), ("i\\\nf a; then b; fi", ["a", "b"]),
    ])
  func levels(_ text: String, _ expected: [String]) {
    #expect(Self.commands(text) == expected, "\(ShellScript(text).fault ?? "")")
  }

  @Test(
    "and says so when it does not understand",
    arguments: [
      "a 'b", "a \"b", "a $(b", "a `b", "a ${b", "(a", "{ a; ", "if a; then b", "a &&", "a |", "a; )", "; a", "a ;; b",
      "for; do a; done",
      "case x in", "cat <<E\nx", "a > ", "f() { a; }", "coproc a", "a\u{0}b", "a\rb", "a \u{202e}b", "a\u{200b}b",
      "${!x}", "${x@P}",
      "x='a[$(id)]'; echo $((x))", "[[ -v $x ]]", "declare -i x=1", "declare -n r=x", "eval \"$x\"",
      "shopt -s expand_aliases", "alias a=b",
      "hash -p /tmp/x git", "enable -f x.so y", "printf -v \"$x\" y", "read \"$x\"", "set -k", "PS4='$(a)'",
      "mapfile -C a x",
      "trap \"$x\" EXIT", "a $[1+1]", "echo \"$\\\n(id)\"", "source $x", "test -v 'a[$(id)]'", "let 'a[$(id)]=1'",
      "[ \"$a\" \"$b\" ]",
      "BASH_ENV=x a", "cat $HO\\\nME", "${HO\\\nME}", "a(b)", "a @(b|c)", "a[`b`]=1", "<(a", "a <<$(b)\nx\n$(b)",
      "unset 'a[$(id)]'", "${ a; }",
    ])
  func faults(_ text: String) {
    #expect(ShellScript(text).fault != nil, "\(Self.commands(text))")
  }

  @Test(
    "Ordinary lines are no faults",
    arguments: [
      "a=$(b); for x in *.txt; do c \"$x\"; done", "[ -n \"$x\" ] && a", "[[ $x == y* ]]", "a ${x%.txt} ${#x} $# $?",
      "i=0; (( i++ ))",
      "printf '%s\\n' \"$x\"", "set -euo pipefail", "echo \"$HOME\" '$x'", "export A=1", "read -r line",
      "echo {a,b}{1..3}", "a <<< b",
    ])
  func understood(_ text: String) { #expect(ShellScript(text).fault == nil) }

  @Test("Bounds hold: length, depth, count, and time for hostile nesting")
  func bounds() {
    #expect(ShellScript(String(repeating: "a", count: ShellScript.longest + 1)).fault != nil)
    #expect(ShellScript(String(repeating: "$(", count: 100_000)).fault != nil)
    #expect(ShellScript(String(repeating: "(", count: 100_000)).fault != nil)
    #expect(ShellScript(String(repeating: "$((", count: 80_000)).fault != nil)
    #expect(ShellScript(String(repeating: "\"${x:-", count: 40_000)).fault != nil)
    #expect(ShellScript(String(repeating: "{ ", count: 100_000)).fault != nil)
    #expect(ShellScript(String(repeating: "! ", count: 100_000) + "a").commands.count == 1)
    #expect(ShellScript(String(repeating: "a|", count: 100_000)).fault != nil)
    #expect(ShellScript(String(repeating: "`", count: 100_001)).fault != nil)
    #expect(ShellScript(String(repeating: "a;", count: 1001)).fault != nil)
    #expect(ShellScript(String(repeating: "a;", count: 1000)).fault == nil)
    #expect(ShellScript("echo " + String(repeating: "{a,b}", count: 10_000)).fault == nil)
  }

  @Test(
    "Braces are expanded as bash does it",
    arguments: [
      ("{a,b}", ["a", "b"]), ("x{a,b}y", ["xay", "xby"]), ("{a,{b,c}}", ["a", "b", "c"]), ("{1..3}", ["1", "2", "3"]),
      ("{a}", ["{a}"]),
      ("{a,b", ["{a,b"]), ("{c..a}", ["c", "b", "a"]), ("{,x}", ["", "x"]),
      ("a{b,c}{d,e}", ["abd", "abe", "acd", "ace"]),
    ])
  func braces(_ text: String, _ expected: [String]) {
    #expect(Braces.expand(ShellWord([.plain(text)]))?.map(\.display) == expected)
  }
}
