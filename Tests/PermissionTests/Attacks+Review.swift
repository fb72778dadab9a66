/// What a hostile review has found in 2026: each of them was allowed, and ran.
extension Attack {
  static let review = [
    list(
      "arithmetic on what bash sets itself",
      """
      echo * => echo 'x[$(touch MARK)]'; ((_))
      echo *; let * => echo 'x[$(touch MARK)]'; let _
      echo * => [[ 'x[$(touch MARK)]' =~ .+ ]]; ((BASH_REMATCH))
      set *; getopts * => set -- -a 'x[$(touch MARK)]'; getopts a: n; ((OPTARG))
      echo * => echo 'x[$(touch MARK)]' | select y in a; do ((REPLY)); break; done
      exec * => x='b[$(touch MARK)]'; exec {a[x]}>/dev/null
      export *; bash -c * => export y='a[$(touch MARK)]'; bash -c '((x=1+y))'
      env *; bash -c * => env y='a[$(touch MARK)]' bash -c '((y++))'
      mapfile * => mapfile -tC 'touch MARK;:' -c 1 x <<<a
      """),
    list(
      "where here-documents, labels and comments end",
      """
      cat * => cat <<a<(cat x)⏎$(touch MARK)⏎a<(cat x)⏎a/dev/fd/63⏎
      sed * => sed ':a;1e touch MARK' a
      sed * => sed 't;1e touch MARK' a
      sed * => sed -e p --e='1e touch MARK' a
      sed * => sed -e p --expr '1e touch MARK' a
      sed * => sed '#\\⏎1e touch MARK' a
      sed * => sed 's|[|a|;#]*|touch MARK;#|e' a
      sed * => sed -il '1e touch MARK' a
      awk * => awk 'BEGIN{ x=/"/; system("touch MARK"); y=/"/ }'
      awk * => awk 'BEGIN{a=1 \\⏎/ 1; system("touch MARK"); b=1/1}'
      """),
    list(
      "options in clusters, and cut short",
      """
      git * => git -C repo grep -nO'touch MARK;true' a
      git * => git -C repo rebase -qx 'touch MARK' --root
      git * => git -C repo rebase -q --ex 'touch MARK' --root
      git * => git clone -qu 'touch MARK;git-upload-pack' ./repo r2
      git * => git clone -q --up='touch MARK;git-upload-pack' ./repo r2
      bash * => bash -c -o errexit 'touch MARK'
      bash * => bash -co errexit 'touch MARK'
      bash * => bash -c - 'touch MARK'
      nice * => nice --adj 5 touch MARK
      timeout * => timeout --sig KILL 5 touch MARK
      env * => env --split='touch MARK'
      jobs * => jobs -x touch MARK
      xargs *; echo * => echo a | xargs --replace touch MARK
      ionice * => ionice -t touch MARK
      """),
  ]
}
