/// The same for rules: `allowed; allowed ! denied => command`, in the mode `default`. None of them is allowed.
extension Findings {
  /// Every command is of a program that a rule allows.
  static let rules = """
    echo * => echo 'x[$(touch /tmp/pwn)]'; ((_))
    [[ *; echo * => [[ 'x[$(id)]' =~ .+ ]]; ((BASH_REMATCH))
    set *; getopts * => set -- -a 'x[$(id)]'; getopts a: n; ((OPTARG))
    echo * => echo 'x[$(id)]' | select y in a; do ((REPLY)); break; done
    echo *; let * => echo 'x[$(id)]'; let _
    echo * => echo a; ((BASH_EXECUTION_STRING))
    echo * => echo a; ((BASH_COMMAND))
    echo *; cd * => cd 'x[$(id)]'; ((PWD))
    cat * => cat <<a<(cat x)⏎$(touch /tmp/pwn)⏎a<(cat x)⏎a/dev/fd/63⏎
    sed * => sed ':a;1e touch /tmp/x' f
    sed * => sed -e p --e='1e touch /tmp/x' f
    sed * => sed --expr '1e touch /tmp/x' f
    sed * => sed -e p --expr '1e touch /tmp/x' f
    sed * => sed '#\\⏎1e touch /tmp/x' f
    sed * => sed 's/[/a/;#]/touch x/e' f
    sed * => sed -e 'a\\' -e 's|;⏎e touch x;s|b|' f
    awk * => awk 'BEGIN{ x=/"/; system("id"); y=/"/ }'
    awk * => awk 'BEGIN{a=1 \\⏎/ 1; system("id"); b=1/1}'
    awk * => awk -W exec FILE
    gawk * => gawk --exe FILE
    gawk * => gawk --assign x=1 'BEGIN{system("id")}'
    git * => git grep -nO'touch /tmp/p' foo
    git * => git rebase -qx 'touch /tmp/p' HEAD~1
    git * => git rebase --ex 'touch /tmp/p' HEAD~1
    git * => git clone -qu CMD . x
    git * => git clone --up=CMD . x
    cat /var/log/** => cat /var/log/$!../../etc/passwd
    git * ! git push * => git pu$!sh origin
    cat /tmp/** => for f in /tmp/{a,../etc/passwd}; do cat $f; done
    ls * ! ls 01 => ls {01..01}
    cat /tmp/rv/* => cat /tmp/rv/?
    cat /tmp/rv/** => cat /tmp/rv/?/shadow
    git * ! git push * => git --no-pager push
    git * ! git push * => git -P push
    docker * ! docker rm * => docker --debug rm x
    exec * => x='b[$(touch /tmp/p)]'; exec {a[x]}>/dev/null
    mapfile * => mapfile -tC 'touch x;:' -c 1 x <<<a
    git *; shopt * ! git push * => shopt -s nullglob; git zz9* push
    sed * => sed -il '1e touch MARK' a
    export *; bash -c * => export y='a[$(touch MARK)]'; bash -c '((x=1+y))'
    env *; bash -c * => env y='a[$(touch MARK)]' bash -c '((y++))'
    sed * => sed 'y/[/b/;1e touch MARK;#]/c/' a
    cat /tmp/** => cat /tmp/rv$((1))/passwd
    echo *; write_file(/tmp/**) => echo x > /tmp/rv$((1))/passwd
    psql * ! psql * *DROP* => psql -c "select 1/1; DROP TABLE x"
    awk * => awk '{print "a;b" | "sh"}' a
    awk * => awk '{print "a" > $1}' a
    awk * => awk '{printf("%s", $1) >> "x"}' a
    awk * => awk -f prog.awk a
    awk * => awk --exec prog.awk a
    awk * => awk -o/tmp/x 1 a
    awk * => awk -Wexec=x a
    sed * => sed 'y/[/b/;1e touch x;#]/c/' a
    sed * => sed 'b x;1e touch x' a
    sed * => sed 't;1e touch x' a
    sed * => sed ':a;s/x/y/;ta;1e touch x' a
    sed * => sed '1{:a};1e touch x' a
    sed * => sed -n -e ':a' -e '1e touch x' a
    sed * => sed --exp '1e touch x' a
    sed * => sed --fil script a
    sed * => sed '1a\\⏎foo\\⏎1e x' a
    git * => git grep --op='touch x' a
    git * => git grep -lO a
    git * => git rebase -ix 'touch x'
    git * => git clone --conf core.pager=x . y
    git * => git clone -qc core.pager=x . y
    git * => git archive --outp=/x HEAD
    git * => git ls-remote --e=x .
    git * ! git push * => git -c a=b push
    git * ! git push * => git --git-dir x push
    git * ! git push * => git -C . --no-pager push -f
    kubectl * ! kubectl delete * => kubectl -n prod delete pod x
    kubectl * ! kubectl delete * => kubectl --context=x delete pod y
    docker * ! docker rm * => docker -H x rm y
    ls * ! ls 1 => ls $?
    ls * ! ls 12 => ls 1$?
    git * ! git push * => git pus? origin
    git * ! git push * => git pus[h] origin
    rm * ! rm b.txt => rm b.tx?
    cat * ! read_file(/tmp/rv/d/**) => cat /tmp/r?/d/passwd
    psql * ! psql * *DROP* => psql -c 'a/b DROP c'
    bash * => bash -c -o errexit 'touch x'
    nice * => nice --adj 5 touch x
    jobs * => jobs -x touch x
    cat *; x * => cat <<'a>b'⏎$(touch x)⏎a>b⏎
    echo * => echo x; ((FOO))
    echo * => echo x; ((a[REPLY]))
    echo * => x=REPLY; echo $((x))
    bash -c * => bash -c '((i=1))'
    cat /tmp/rv/* => cat /tmp/rv/[a-z]
    cat /tmp/rv/* => cat /tmp/rv/*
    cat /tmp/rv/* => for f in /tmp/rv/*; do cat "$f"; done
    cat /tmp/rv/* => for f in /tmp/rv/*; do cat $f; done
    cat src/* => cat src/.*
    cat /tmp/** => x=/tmp/a; false && x=/tmp/b; y=$x/../etc/passwd; cat $y
    """.split(separator: "\n").map(String.init)
}
