import Core
import Testing

@testable import Permission

/// What a rule plainly allows must run without a question: a gate that asks all the time is switched off.
@Suite("What a rule plainly allows is allowed")
struct UsabilityTests {
  @Test("Without a question", arguments: lines)
  func allowed(_ line: String) throws {
    let parts = line.split(separator: " => ", maxSplits: 1)
    let rules = parts[0].split(separator: "; ").map {
      $0.contains("(") || $0 == "execute_command" ? String($0) : "execute_command(\($0))"
    }
    let judgement = try Court(allow: rules).run(String(parts[1].replacing("⏎", with: "\n")))
    #expect(judgement.verdict == .allow && judgement.layer == .rule, "\(judgement)")
  }

  static let lines = """
    git * => git status
    git * => git
    git * => git commit -m "fix: a; b && c | d"
    git * => git commit -m 'say "$(hello)"'
    git * => git log --oneline -n 5 -- src
    git * => git push origin main
    git * => git diff HEAD~1 -- '*.swift'
    git * => git checkout -b feature/x
    git * => git add -A && git commit -qm x && git push
    git * => git -C sub status
    git * => git config --get user.name
    git * => git config user.name
    git * => git clone https://example.com/a.git
    git * => git stash; git pull --rebase; git stash pop
    git * => git log --pretty=format:'%h %s' --since=yesterday
    git * => git show HEAD:src/a.swift
    git * => /usr/bin/git status
    git status => git status
    git log * => git log
    git push origin * => git push origin main --tags
    git *; grep * => git log | grep fix
    git *; head * => git log --oneline | head -5
    git * => GIT_TERMINAL_PROMPT=0 git fetch
    git * => git status 2>&1
    git * => git status >/dev/null 2>&1
    git * => git status 2>/dev/null
    git *; cd * => cd src && git status
    git * => git grep -n TODO
    git * => git remote -v
    git * => git branch --list 'a*'
    ls * => ls
    ls * => ls -la /tmp
    ls * => ls *.txt
    ls * => ls ~/projects
    ls * => LC_ALL=C ls
    cat * => cat a b
    cat * => cat README.md
    cat * => cat src/*.swift
    cat * => cat /var/log/syslog
    cat * => cat .env
    cat * => cat /etc/hosts
    cat * => cat <<E⏎hello $HOME⏎E
    cat * => cat <<< hello
    cat /var/log/* => cat /var/log/syslog
    cat /var/log/** => cat /var/log/nginx/access.log
    cat ~/notes/** => cat ~/notes/a/b.md
    cat src/* => cat src/a.swift
    cat src/* => cat ./src/a.swift
    echo * => echo hello
    echo * => echo "$HOME is home"
    echo * => echo "$USER" $PWD
    echo * => echo a; echo b
    echo * => echo 'a; touch x'
    echo * => echo "a && b"
    echo * => echo $((1 + 2))
    echo * => echo ${#HOME}
    echo * => echo $?
    echo *; date * => echo "$(date)"
    echo *; whoami => echo "I am $(whoami)"
    echo *; write_file(out.txt) => echo a > out.txt
    echo *; write_file(~/work/**) => echo a >> logs/x.log
    echo *; write_file(/tmp/**) => echo a > /tmp/x
    echo * => for i in 1 2 3; do echo $i; done
    echo * => i=0; while [[ $i -lt 3 ]]; do echo $i; i=$((i+1)); done
    echo * => if [[ -f a ]]; then echo yes; else echo no; fi
    echo * => case "$HOME" in /root) echo root;; *) echo other;; esac
    echo * => name=world; echo "hello $name"
    echo * => x=1 y=2; echo $x $y
    echo * => echo {a,b}{1,2}
    echo * => echo a | echo b
    echo * => { echo a; echo b; }
    echo * => (echo a)
    echo * => ! echo a
    echo * => time echo a
    echo *; true => true && echo a || echo b
    echo *; [ * => [ -f a ] && echo yes
    echo *; test * => test -d src || echo no
    echo *; [ * => x=a; [ "$x" = a ] && echo yes
    echo * => echo a # a comment; touch b
    echo * => # first⏎echo a
    printf * => printf '%s\\n' a b
    npm run * => npm run build
    npm run test:* => npm run test:unit
    npm *; cd * => cd web; npm install
    npm test => npm test
    make * => make -j4 all
    make => make
    swift build * => swift build -c release
    cargo * => cargo test -- --nocapture
    docker ps * => docker ps -a --format '{{.Names}}'
    docker * => docker compose up -d
    docker logs * => docker logs --tail 100 web
    kubectl get * => kubectl get pods -n prod -o wide
    systemctl status * => systemctl status nginx
    systemctl restart nginx => systemctl restart nginx
    journalctl * => journalctl -u nginx --since '1 hour ago' --no-pager
    df * => df -h
    free * => free -m
    uptime => uptime
    uname * => uname -a
    ps * => ps aux
    ps * => ps -ef
    ps * => ps -eo pid,etime,cmd
    ps * => ps -u anne
    ps * => ps axo pid,etime
    ps * => ps -C nginx -o etime=
    systemctl show * => systemctl show nginx -p MainPID
    ip * => ip -br addr
    ip * => ip route show dev eth0
    docker * => docker --log-level debug run -c 2 image
    docker * => docker exec web curl -H 'A: b' localhost
    ssh build * => ssh build tar -c -F x
    ssh * => ssh -p 22 anna@build uptime -S
    cmdop * => cmdop machines --json
    cmdop * => cmdop --fleet lab machines
    cmdop * => cmdop agent logs -f
    cmdop * => cmdop permissions explain --batch
    cmdop * => cmdop help exec
    cmdop * => cmdop --version
    read_file(notes.txt); read *; echo * => while read -r line; do echo "$line"; done < notes.txt
    printf * => printf -v text %s a; printf '%s' "$text"
    ps *; grep *; awk * => ps aux | grep nginx | awk '{print $2}'
    awk * => awk -F: '{print $1}' /etc/passwd
    awk * => awk '$3 > 100 {n++} END {print n}' a
    awk * => awk 'BEGIN{x=1} /a|b/{print $0}' a
    sed * => sed 's/a/b/g' a
    sed * => sed -n '1,20p' a
    sed * => sed -e 's|/usr|/opt|' -e '/^#/d' a
    sed * => sed -E 's/(a+)/\\1\\1/; s/x/y/g' a
    sed * => sed '$d' a
    find * => find . -name '*.swift' -type f
    find * => find src -newer a -size +1M
    find *; xargs *; wc * => find . -name '*.txt' -print0 | xargs -0 wc -l
    find *; grep * => find . -name '*.txt' -exec grep -l TODO {} +
    find *; rm * => find tmp -name '*.o' -exec rm {} \\;
    xargs *; echo * => echo a b | xargs echo
    grep * => grep -rn "rm -rf /" src
    grep * => grep -c . a
    rg * => rg -n TODO src
    sort *; uniq * => sort a | uniq -c | sort -rn
    sort * => sort -k2,2 -t, a
    tar * => tar czf out.tgz src
    tar * => tar tf a.tar
    tar * => tar xzf a.tgz -C build
    curl * => curl -s https://example.com/health
    curl -s https://api.example.com/* => curl -s https://api.example.com/v1
    rm * => rm -rf build
    rm -rf build => rm -rf build
    rm * => rm -f *.o
    mkdir * => mkdir -p a/b/c
    cp * => cp -r src backup
    mv * => mv a b
    chmod * => chmod +x run.sh
    touch * => touch a b
    diff *; sort * => diff <(sort a) <(sort b)
    sudo systemctl restart * => sudo systemctl restart nginx
    sudo *; apt-get * => sudo apt-get update
    timeout *; git * => timeout 10 git fetch
    timeout * git * => timeout 10 git fetch
    env *; printenv * => env printenv HOME
    env * => env
    nice *; make * => nice -n 10 make all
    bash -c *; ls *; wc * => bash -c 'ls | wc -l'
    bash scripts/*.sh => bash scripts/deploy.sh
    ./run.sh * => ./run.sh a b
    /opt/tool/bin/x * => /opt/tool/bin/x --flag
    python3 scripts/* => python3 scripts/a.py
    python3 * => python3 -m pytest -q
    python3 * => python3 -c 'print(1)'
    node * => node server.js
    ssh build * => ssh build uptime
    command *; git * => command -v git
    command *; git * => command git status
    wc * => for f in *.txt; do wc -l "$f"; done
    jq * => jq '.a | .b' a.json
    cat *; jq * => cat a.json | jq -r '.name'
    tail * => tail -n 100 /var/log/syslog
    head *; cat * => cat a | head -n 1
    date * => date +%s
    hostname => hostname
    execute_command(*) => anything at all
    execute_command => anything at all
    execute_command(**) => a | b; c
    cd /srv/app && git pull => cd /srv/app && git pull
    git commit -m "fix *" => git commit -m 'fix the thing'
    git commit -m * => git commit -m 'a b' -m c
    export *; make * => export LANG=C; make
    set *; echo * => set -euo pipefail; echo a
    trap *; rm *; make * => trap 'rm -f out.tmp' EXIT; make
    eval *; echo * => eval 'echo a'
    """.split(separator: "\n").map(String.init)
}
