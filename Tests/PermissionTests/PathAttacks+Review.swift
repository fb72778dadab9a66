/// What a hostile review has found in 2026: each of them was passed.
extension PathAttack {
  static let review = list(
    "values, globs and links (a review of 2026)",
    """
    ask leak => cat ROOT/etc/sha$!dow
    ask leak => cat ROOT/etc/sha${!}dow
    ask leak => x=$!; cat ROOT/etc/sha${x}dow
    ask leak => x=~/.ssh/id_rsa; cat < $x
    deny change => x=~/.ssh/authorized_keys; echo k > $x
    deny gone => x=~; rm -rf $x
    deny leak => for f in ROOT/etc/{shadow,x}; do cat "$f"; done
    deny leak => for f in ROOT/etc/shado?; do cat "$f"; done
    deny gone => for d in ~ ROOT/x; do rm -rf "$d"; done
    ask leak => declare x={a,ROOT/etc/shadow}; cat $x
    deny leak => y='a ROOT/etc/shadow'; x="$y"; cat $x
    ask leak => x="a ROOT/etc/shadow"; for f in $x; do cat "$f"; done
    deny leak => cat ROOT/etc/sha${x}dow; x=zzz
    deny leak => (x=zz); cat ROOT/etc/sha${x}dow
    deny leak => false && x=zz; cat ROOT/etc/sha${x}dow
    deny leak => if false; then x=zz; else true; fi; cat ROOT/etc/sha${x}dow
    deny leak => while false; do x=zz; done; cat ROOT/etc/sha${x}dow
    ask leak => readonly x⏎x=zz⏎cat ROOT/etc/sha${x}dow
    ask gone => _=tmp; true ROOT/etc; rm -rf $_
    ask leak => env -u HOME bash -c 'cat ROOT/etc/sha${HOME}dow'
    ask leak => declare +x HOME; env - bash -c 'cat ROOT/etc/sha${HOME}dow'
    deny leak => cat ROOT/etc/[[:lower:]]hadow
    deny leak => cat ROOT/etc/[!a]hadow
    deny gone => rm -rf ROOT/et[c]
    deny gone => rm -rf ROOT/et?
    deny gone => rm -rf ROOT/e*/*
    deny change => tee ~/.ss?/id_rsa <<<x
    deny change => dd of=~/work/.env if=a 2>/dev/null
    deny change => cp a --target=ROOT/etc
    deny change => cp a --target ROOT/etc
    deny change => sort --o=ROOT/etc/x a
    deny change => sort -uo ROOT/etc/x a
    deny change => tar xCf ROOT/etc a.tar
    deny change => cd ROOT/etc; curl -sO file://$HOME/work/b.txt
    deny change => curl -sLo .env file://$HOME/work/b.txt
    deny gone => find -L ROOT/etc -delete
    deny gone => find -- ROOT/etc -delete
    deny gone => cd ROOT/; find -- etc -delete
    deny gone => bash -c -o errexit 'rm -rf ROOT/'
    deny leak => bash -co errexit 'cat ROOT/etc/shadow'
    ask gone => nice --adj 5 rm -rf ROOT/etc
    ask gone => timeout --sig KILL 5 rm -rf ROOT/etc
    deny gone => env --split='rm -rf ROOT/etc'
    deny gone => jobs -x rm -rf ROOT/etc
    deny gone => echo a | xargs --replace rm -rf ROOT/etc
    ask leak => ln -s . l9; cat l9/../.ssh/id_rsa
    ask leak => mkdir d; ln -s ../.ssh d/l; mv d/l .; cat l/id_rsa
    ask leak => CDPATH=~; cd .ssh >/dev/null; cat id_rsa
    ask leak => OLDPWD=~/.ssh; cd - >/dev/null; cat id_rsa
    ask leak => GLOBIGNORE=x; cat ~/*/id_rsa
    ask leak => mkdir ~/$'\\u0301'; cat ~/$'\\u0301'/../.ssh/id_rsa
    deny leak => awk 'BEGIN{ARGV[1]="../.ssh/id_rsa";ARGC=2}1'
    """)
}
