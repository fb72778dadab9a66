import Testing

/// Command lines that hide something behind what a rule allows. Each stands as `rules => command`; rules are parted by `;`.
/// `MARK` stands for a file: what is hidden is a harmless `touch` of it. `⏎` is a newline, `⇥` a tab, `␍` a carriage return.
/// They are judged as they stand, and they are run as they stand (AttackTests).
struct Attack: Sendable, CustomTestStringConvertible {
  let kind: String
  let rules: [String]
  let command: String
  var testDescription: String { "\(kind): \(command)" }

  static let all = (chains + nested + compounds + quoting + variables + bindings + wrappers + review).flatMap(\.self)

  /// What must be there before: small programs and files. Written into the folder in which the command runs.
  static func list(_ kind: String, _ lines: String) -> [Attack] {
    lines.split(separator: "\n").map { line in
      let parts = line.split(separator: " => ", maxSplits: 1)
      let command = parts[1].replacing("⏎", with: "\n").replacing("⇥", with: "\t").replacing("␍", with: "\r")
      return Attack(kind: kind, rules: parts[0].split(separator: "; ").map(String.init), command: String(command))
    }
  }

  static let chains = [
    list(
      "chaining (gemini-cli #11510, claude-code #36637, #31523)",
      """
      echo * => echo a; touch MARK
      echo * => echo a;touch MARK
      echo * => echo a && touch MARK
      echo * => echo a&&touch MARK
      true => false || touch MARK
      false * => false || touch MARK
      echo * => echo a | touch MARK
      echo * => echo a|touch MARK
      echo * => echo a |& touch MARK
      echo * => echo a & touch MARK
      echo * => echo a &touch MARK
      echo * => echo a⏎touch MARK
      echo * => echo a⏎⏎⇥touch MARK
      echo * => echo a \\⏎b⏎touch MARK
      echo * => echo 'a';touch MARK
      echo * => echo "a";touch MARK
      echo * => echo a # b⏎touch MARK
      echo * => # echo a⏎touch MARK
      echo * => echo a >/dev/null;touch MARK
      echo * => echo a >/dev/null&touch MARK
      echo * => echo a 2>&1;touch MARK
      echo * => echo a &>/dev/null;touch MARK
      echo * => echo a <<<b;touch MARK
      echo * => echo a <<E;touch MARK⏎b⏎E
      echo * => echo a <<E⏎b⏎E⏎touch MARK
      echo * => echo a <<'E'⏎b⏎E⏎touch MARK
      echo * => echo a <<-E⏎⇥b⏎⇥E⏎touch MARK
      echo * => echo a <<E⏎EO\\⏎F⏎E⏎touch MARK
      echo * => echo a <<EOF⏎x⏎EO\\⏎F⏎touch MARK
      echo * => echo a <<A <<B⏎A⏎B⏎touch MARK
      echo * => ! touch MARK
      echo * => time touch MARK
      echo * => time -p touch MARK
      echo * => ! ! touch MARK
      echo *; cat * => echo a | cat | touch MARK
      echo * => touch MARK; echo a
      echo * => touch MARK && echo a
      echo * => touch MARK & echo a
      echo * => touch MARK⏎echo a
      echo * => (touch MARK)
      echo *; true => true && echo a && true && touch MARK
      """),
    [
      Attack(
        kind: "more than 50 commands (claude-code 2.1.90)", rules: ["true"],
        command: String(repeating: "true; ", count: 60) + "touch MARK"),
      Attack(
        kind: "more than 50 commands (claude-code 2.1.90)", rules: ["true"],
        command: String(repeating: "true; ", count: 1005) + "touch MARK"),
      Attack(
        kind: "more than 50 commands (claude-code 2.1.90)", rules: ["echo *"],
        command: "echo " + String(repeating: "a ", count: 20_000) + "; touch MARK"),
    ],
  ]

  static let nested = [
    list(
      "substitution, also in double quotes (CVE-2026-35020/35021/35022)",
      """
      echo * => echo $(touch MARK)
      echo * => echo "$(touch MARK)"
      echo * => echo `touch MARK`
      echo * => echo "`touch MARK`"
      echo * => echo "a `touch MARK` b"
      echo * => echo $(echo $(touch MARK))
      echo * => echo "$(echo "$(touch MARK)")"
      echo * => echo `echo \\`touch MARK\\``
      echo * => echo ${x:-$(touch MARK)}
      echo * => echo "${x:-$(touch MARK)}"
      echo * => echo "${x:-`touch MARK`}"
      echo * => echo ${x:=$(touch MARK)}
      echo * => echo ${HOME:+$(touch MARK)}
      echo * => echo ${HOME/$(touch MARK)/b}
      echo * => echo ${HOME#$(touch MARK)}
      echo * => echo ${HOME:$(touch MARK;echo 0)}
      echo * => echo ${HOME:0:$(touch MARK;echo 1)}
      echo * => echo $(( $(touch MARK;echo 1) + 1 ))
      echo * => echo $((`touch MARK;echo 1`))
      echo * => echo $((a[$(touch MARK;echo 1)]))
      echo * => echo $((touch MARK); (true))
      echo * => echo $( (touch MARK) )
      echo * => echo <(touch MARK); wait
      echo * => echo a > >(touch MARK); wait
      echo * => echo a < <(touch MARK)
      echo * => echo a<(touch MARK); wait
      cat * => cat <(touch MARK)
      echo * => echo a <<<$(touch MARK)
      echo * => echo a <<<"$(touch MARK)"
      echo * => echo a <<E⏎$(touch MARK)⏎E
      echo * => echo a <<E⏎`touch MARK`⏎E
      echo * => echo a <<E⏎${x:-$(touch MARK)}⏎E
      echo * => echo a <<"E" <<F⏎E⏎$(touch MARK)⏎F
      echo * => echo a >/dev/null 2>$(touch MARK;echo /dev/null)
      echo * => echo a >"$(touch MARK;echo /dev/null)"
      echo * => x=$(touch MARK) echo a
      echo * => x=$(touch MARK)
      echo * => x=`touch MARK`; echo a
      echo * => x=(a $(touch MARK)); echo a
      echo * => x[$(touch MARK;echo 0)]=1; echo a
      echo * => x+=$(touch MARK); echo a
      echo * => echo {a,$(touch MARK)}
      echo * => echo $"$(touch MARK)"
      echo * => echo 'a'"$(touch MARK)"'b'
      echo * => echo 'a'$(touch MARK)'b'
      echo * => echo "$(touch MARK # )⏎)"
      echo * => echo $(case a in a) touch MARK;; esac)
      echo * => echo $(cat <<E⏎)⏎E⏎touch MARK)
      echo * => echo "${x:-"$(touch MARK)"}"
      echo * => echo "a\\\\$(touch MARK)"
      echo * => echo $(touch MARK)$(true)
      echo * => $(touch MARK)
      echo * => `touch MARK`
      echo * => "$(touch MARK; echo echo)" a
      echo *; true => true $(touch MARK)
      echo * => echo "$((x=$(touch MARK;echo 1)))"
      echo * => echo ${x[$(touch MARK;echo 0)]}
      """)
  ]

  static let compounds = [
    list(
      "groups and compound commands (claude-code #70369)",
      """
      echo * => { touch MARK; }
      echo * => {⏎touch MARK⏎}
      echo * => { echo a; touch MARK; }
      echo * => (echo a; touch MARK)
      echo * => ((1)) && touch MARK
      echo * => if true; then touch MARK; fi
      echo * => if touch MARK; then echo a; fi
      echo * => if echo a; then echo b; else touch MARK; fi; touch MARK
      echo *; false => if false; then echo a; elif touch MARK; then echo b; fi
      echo * => for i in 1; do touch MARK; done
      echo * => for ((i=0;i<1;i++)); do touch MARK; done
      echo * => for i in $(touch MARK); do echo a; done
      echo * => while touch MARK; do break; done
      echo * => until touch MARK; do echo a; done
      echo * => case a in a) touch MARK;; esac
      echo * => case a in (a) touch MARK;; esac
      echo * => case a in b) echo a;; *) touch MARK;; esac
      echo * => case $(touch MARK) in a) echo a;; esac
      echo * => case a in $(touch MARK)) echo a;; esac
      echo * => case a in a) echo b;& c) touch MARK;; esac
      echo * => select x in a; do touch MARK; break; done <<<1
      echo * => [[ a == a ]] && touch MARK
      echo * => [[ $(touch MARK) == a ]]
      echo * => [[ -n `touch MARK` ]]
      echo * => [[ a =~ $(touch MARK) ]]
      echo * => [[ -v x[$(touch MARK;echo 0)] ]]
      echo * => f() { touch MARK; }; f
      echo * => function f { touch MARK; }; f
      echo * => f() (touch MARK); f
      echo * => echo() { touch MARK; }; echo a
      echo * => function echo { touch MARK; }; echo a
      echo * => echo () if true; then touch MARK; fi; echo a
      echo * => coproc touch MARK; wait
      echo * => coproc C { touch MARK; }; wait
      echo * => while true; do touch MARK; break; done
      echo *; true => true && { true; (true; touch MARK); }
      echo * => { echo a; } && { touch MARK; } >/dev/null
      echo * => time { touch MARK; }
      echo * => ! { touch MARK; }
      """)
  ]

  static let quoting = [
    list(
      "quoting, blanks and parser differentials (CVE-2025-66032, CVE-2025-54795)",
      """
      echo * => t\\ouch MARK
      echo * => 't'ouch MARK
      echo * => "touch" MARK
      echo * => to""uch MARK
      echo * => to''uch MARK
      echo * => $'touch' MARK
      echo * => $'\\x74ouch' MARK
      echo * => $'\\164ouch' MARK
      echo * => $"touch" MARK
      echo * => to\\⏎uch MARK
      echo * => {touch,MARK}
      echo * => {t,}ouch MARK
      echo * => tou{ch,} MARK
      echo * => touch${IFS}MARK
      echo * => touch$IFS'MARK'
      echo * => IFS=,; x=touch,MARK; $x
      echo * => x=touch; $x MARK
      echo * => x=touch; "$x" MARK
      echo * => x='touch MARK'; $x
      echo * => x=tou; ${x}ch MARK
      echo * => x=htouch; ${x#h} MARK
      echo * => x=TOUCH; ${x,,} MARK
      echo * => a=(touch MARK); "${a[@]}"
      echo * => /usr/bin/touch MARK
      echo * => /usr/lib/../bin/touch MARK
      echo * => /usr/bin/tou?h MARK
      echo * => /usr/bin/tou[c]h MARK
      echo * => /*/*/touch MARK
      echo * => echo "a\\"b" ; touch MARK
      echo * => echo 'a\\'; touch MARK; echo 'b'
      echo * => echo "\\"; echo \\""; touch MARK
      echo * => echo a\\\\; touch MARK
      echo * => echo "'"; touch MARK; echo "'"
      echo * => echo '"'; touch MARK; echo '"'
      echo * => echo \\"; touch MARK; echo \\"
      echo * => echo \\'; touch MARK; echo \\'
      echo * => echo $'a\\'; touch MARK; echo b'; touch MARK
      echo * => echo $'\\'' ; touch MARK
      echo * => echo a\\ ; touch MARK
      echo * => echo ${x:-'}'}; touch MARK
      echo * => echo "${x:-a}"; touch MARK; echo '}'
      echo * => echo a#b; touch MARK
      echo * => echo "a#"; touch MARK
      echo * => echo $'#'; touch MARK
      echo * => echo <<\\E⏎$(⏎E⏎touch MARK
      echo * => echo <<'E F'⏎E⏎E F⏎touch MARK
      echo * => echo a <<E⏎ E⏎E⏎touch MARK
      echo * => echo "$(echo ')'; touch MARK)"
      echo * => echo "$(echo "a)"; touch MARK)"
      echo * => echo $(echo \\); touch MARK)
      echo * => echo "${x:-"}"}"; touch MARK
      echo * => echo "$\\⏎(touch MARK)"
      echo * => echo $\\⏎(touch MARK)
      echo *; cat * => cat <<\\⏎-E⏎E⏎touch MARK⏎-E
      echo * => xy='a[$(touch MARK)]'; echo $((x\\⏎y))
      echo * => echo a \\⏎&& touch MARK
      echo * => echo a &\\⏎& touch MARK
      echo * => echo a␍⏎touch MARK
      echo * => touch␍ x; touch MARK
      echo * => echo a\u{00a0}b; touch MARK
      echo * => echo \u{202e}a; touch MARK
      echo * => echo a\u{200b}; touch MARK
      """)
  ]

  static let variables = [
    list(
      "variables, builtins and the environment (CVE-2026-22708, claude-code #45469)",
      """
      echo *; hello * => export PATH=.:$PATH; hello a MARK
      hello * => PATH=.:$PATH hello a MARK
      hello * => PATH=.:$PATH; hello a MARK
      hello *; cd * => PATH=.:/usr/bin:/bin; hello a MARK
      hello * => declare -x PATH=.:$PATH; hello a MARK
      hello * => typeset PATH=.:$PATH; hello a MARK
      hello * => readonly PATH=.:$PATH; hello a MARK
      hello *; hash * => hash -p ./hello hello; hello a MARK
      hello * => BASH_CMDS[hello]=./hello; hello a MARK
      bash * => BASH_ENV=./hello-env bash -c true MARK
      echo *; bash * => export BASH_ENV=./hello-env; bash -c true MARK
      bash -c * => ENV=x BASH_ENV=./hello-env bash -c true
      hello *; shopt *; alias * => shopt -s expand_aliases⏎alias hello='touch MARK #'⏎hello a
      printf *; unset * => printf -v 'a[$(touch MARK)]' x
      read * => read 'a[$(touch MARK)]' <<<x
      unset * => unset 'a[$(touch MARK;echo 0)]'; a=(1); unset 'a[$(touch MARK;echo 0)]'
      test * => test -v 'a[$(touch MARK)]'
      [ * => [ -v 'a[$(touch MARK)]' ]
      [ * => x=-v; y='a[$(touch MARK)]'; [ "$x" "$y" ]
      let * => let 'a[$(touch MARK;echo 0)]=1'
      echo * => x='a[$(touch MARK)]'; echo $((x))
      echo * => x='a[$(touch MARK)]'; echo $(($x))
      echo * => x='a[$(touch MARK)]'; (( x ))
      echo * => x='a[$(touch MARK)]'; [[ $x -eq 0 ]]
      echo * => x='a[$(touch MARK)]'; [[ x -eq 0 ]]
      echo * => x='a[$(touch MARK)]'; echo ${HOME:x}
      echo * => x='a[$(touch MARK)]'; b=(1 2); echo ${b[x]}
      echo * => x='a[$(touch MARK)]'; b[x]=1
      echo * => x='a[$(touch MARK)]'; y=x; echo $((y))
      declare * => declare -a 'x=($(touch MARK))'
      readonly * => readonly -a 'x=($(touch MARK))'
      declare * => v='($(touch MARK))'; declare -a x="$v"
      declare * => declare -i x='a[$(touch MARK)]'
      declare *; echo * => declare -n r='a[$(touch MARK)]'; echo $r; r=1
      echo * => x='$(touch MARK)'; echo ${x@P}
      echo * => x='a[$(touch MARK)]'; echo ${!x}
      set *; echo * => PS4='$(touch MARK)'; set -x; echo a
      eval * => eval touch MARK
      eval * => eval 'tou''ch MARK'
      eval *; echo * => eval "$(echo touch MARK)"
      eval * => x='touch MARK'; eval "$x"
      eval * => x='touch MARK'; eval $x
      trap * => trap 'touch MARK' EXIT
      trap * => trap "touch MARK" DEBUG; true
      source *; echo * => source <(echo touch MARK)
      . *; echo * => . /dev/stdin <<<'touch MARK'
      mapfile * => mapfile -C 'touch MARK;:' -c 1 x <<<a
      command * => command touch MARK
      builtin * => builtin eval touch MARK
      exec * => exec touch MARK
      exec * => exec -a x touch MARK
      complete *; compgen * => compgen -W '$(touch MARK)' a
      compgen * => compgen -C 'touch MARK;:' a
      echo * => x=1 touch MARK
      echo * => FOO=bar touch MARK
      echo * => x=1 y=2 touch MARK
      echo * => HOME=/tmp touch MARK
      git * => GIT_EXTERNAL_DIFF=./hello-env git diff --no-index --ext-diff a b; touch MARK
      git * => GIT_SSH_COMMAND='touch MARK;false' git ls-remote ssh://localhost/x
      man *; env * => env touch MARK
      """)
  ]
}
