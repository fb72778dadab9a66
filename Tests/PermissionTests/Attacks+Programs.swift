/// Programs that run other programs.
extension Attack {
  static let wrappers = [
    list(
      "wrappers never widen an allow",
      """
      env * => env touch MARK
      env * => env A=1 touch MARK
      env * => env -i touch MARK
      env * => env -u A touch MARK
      env * => env -S 'touch MARK'
      env * => env --split-string='touch MARK'
      env * => env -- touch MARK
      env * => env -C . touch MARK
      env * => env nice env touch MARK
      nice * => nice touch MARK
      nice * => nice -n 5 touch MARK
      nice * => nice -5 touch MARK
      nohup * => nohup touch MARK
      setsid * => setsid -w touch MARK
      timeout * => timeout 5 touch MARK
      timeout * => timeout -s KILL 5 touch MARK
      timeout * => timeout --signal=KILL -k 1 5 touch MARK
      stdbuf * => stdbuf -oL touch MARK
      stdbuf * => stdbuf -o L touch MARK
      ionice * => ionice -c 3 touch MARK
      taskset * => taskset 1 touch MARK
      chrt * => chrt -o 0 touch MARK
      flock * => flock ./lock touch MARK
      flock * => flock ./lock -c 'touch MARK'
      xargs *; echo * => echo MARK | xargs touch
      xargs *; echo * => echo MARK | xargs -n 1 touch
      xargs *; echo * => echo MARK | xargs -I X touch X
      xargs *; echo * => echo touch MARK | xargs env
      xargs *; echo * => echo MARK | xargs -0 -d ' ' sh -c 'touch MARK'
      xargs *; echo * => echo MARK | xargs --max-args=1 touch
      find * => find . -maxdepth 0 -exec touch MARK \\;
      find * => find . -maxdepth 0 -exec touch MARK {} +
      find * => find . -maxdepth 0 -execdir touch MARK ';'
      find * => find . -maxdepth 0 -ok touch MARK \\; <<<y
      find * => find . -maxdepth 0 -exec true \\; -exec touch MARK \\;
      find * => find . -maxdepth 0 -exec sh -c 'touch MARK' \\;
      find * => find . -maxdepth 0 -fprint MARK
      find * => find . -maxdepth 0 -fprintf MARK x
      find * => find . -maxdepth 0 -fls MARK
      bash * => bash -c 'touch MARK'
      sh * => sh -c 'touch MARK'
      bash * => bash -c 'true; touch MARK'
      bash * => bash -ec 'touch MARK'
      bash * => bash -c -e 'touch MARK'
      bash * => bash -o errexit -c 'touch MARK'
      bash * => bash --norc -c 'touch MARK'
      bash * => bash -c '$0 MARK' touch
      bash * => bash -c '"$@"' x touch MARK
      bash *; echo * => echo touch MARK | bash
      sh *; echo * => echo touch MARK | sh -s
      bash * => bash <<<'touch MARK'
      bash * => bash <<E⏎touch MARK⏎E
      bash * => bash -s <<<'touch MARK'
      bash *; cat * => cat <<E | bash⏎touch MARK⏎E
      bash * => bash -c 'bash -c "touch MARK"'
      bash -c true; env * => env bash -c 'touch MARK'
      strace * => command -p touch MARK
      time * => command time touch MARK; touch MARK
      script * => script -qc 'touch MARK' /dev/null
      script * => script -q -c 'touch MARK' /dev/null
      start-stop-daemon * => start-stop-daemon --start --exec /usr/bin/touch -- MARK; touch MARK
      unshare *; setpriv * => setpriv --no-new-privs touch MARK
      prlimit * => prlimit --nofile=64 touch MARK
      watch *; echo * => echo a; env -i PATH=/usr/bin:/bin touch MARK
      chronic *; true => true; nice nohup touch MARK
      """),
    list(
      "options that run programs (CVE-2025-66032, CVE-2026-24887, codex's safe list)",
      """
      git * => git -c core.fsmonitor='touch MARK;false' -C repo status
      git * => git -c alias.x='!touch MARK' x
      git * => git -c core.sshCommand='touch MARK;false' ls-remote ssh://localhost/x
      git * => git --config-env=alias.x=X x; X='!touch MARK' git --config-env=alias.x=X x
      git * => git init -q r && git -C r -c core.fsmonitor='touch MARK;false' status
      git * => git --exec-path=. hello MARK
      git * => git ls-remote ext::'touch MARK'; git -c protocol.ext.allow=always ls-remote ext::'touch MARK'
      git * => git init -q r && git --git-dir=r/.git config alias.x '!touch MARK' && git --git-dir=r/.git x
      git * => git init -q r && cd r && git config alias.x '!touch MARK' && git x
      git * => git init -q r && git -C r submodule foreach true; git init -q s && cd s && git bisect start; touch MARK
      git * => git clone -q --upload-pack='touch MARK;git-upload-pack' ./repo r2
      git * => git clone -q -u 'touch MARK;git-upload-pack' ./repo r2
      git * => git ls-remote --upload-pack='touch MARK;git-upload-pack' ./repo
      git * => git ls-remote --upload='touch MARK;git-upload-pack' ./repo
      git * => git fetch --upload-pack 'touch MARK;git-upload-pack' ./repo; git -C repo fetch --upload-pack='touch MARK;git-upload-pack' .
      git * => git -C repo grep -O'touch MARK;true' a
      git * => git -C repo grep --open-files-in-pager='touch MARK;true' a
      git * => git -C repo rebase -q --exec 'touch MARK' --root
      git * => git -C repo rebase -q -x 'touch MARK' --root
      git * => git -C repo diff --output=MARK HEAD
      git * => git -C repo log --output=MARK
      git * => git -C repo show --output=MARK
      git * => git -C repo archive -o MARK HEAD
      git * => git -C repo archive --output=MARK HEAD
      git * => git -C repo difftool -y -x 'touch MARK;true' HEAD~1 HEAD
      git * => git -C repo filter-branch -f --msg-filter 'touch MARK;cat' HEAD >/dev/null 2>&1
      git * => git -C repo bisect start HEAD HEAD~1; git -C repo bisect run touch MARK
      git * => git -C repo format-patch -q -o MARK -1
      git * => git -C repo bundle create MARK HEAD
      git * => git -C repo worktree add -q MARK
      tar * => tar cf /dev/null --checkpoint=1 --checkpoint-action=exec='touch MARK' a
      tar * => tar cf /dev/null --checkpoint=1 --checkpoint-a=exec='touch MARK' a
      tar * => tar -cf x.tar -I 'touch MARK;cat' a
      tar * => tar -cI './hello-filter MARK' -f x.tar a
      tar * => tar cf x.tar --use-compress-program='sh -c "touch MARK;cat"' a
      tar * => tar cf x.tar a && tar xf x.tar --to-command='touch MARK;cat'
      tar * => tar cf x.tar a && tar xf x.tar --to-com='touch MARK;cat'
      tar * => tar cf x.tar -L 1 -M -F 'touch MARK;false' big; touch MARK
      ssh * => ssh h -oProxyCommand='touch MARK;false'
      ssh * => ssh -p 22 h -o ProxyCommand='touch MARK;false' x
      ssh * => ssh -l a h -F ssh.config x; touch MARK
      ssh * => ssh h -4oProxyCommand='touch MARK;false'
      rsync * => rsync -e 'touch MARK;false' a localhost:b
      rsync * => rsync --rsh='touch MARK;false' a localhost:b
      sort * => sort -o MARK a
      sort * => sort --output=MARK a
      sort * => sort --outp=MARK a
      sort * => sort -uo MARK a
      sort * => sort -S 1b --compress-program=./hello-filter big MARK; touch MARK
      sed * => sed '1e touch MARK' a
      sed * => sed -n '1e touch MARK' a
      sed * => sed -e p -e '1e touch MARK' a
      sed * => sed 's#.*#touch MARK#e' a
      sed * => sed 's|.*|touch MARK|ge' a
      sed * => sed 'w MARK' a
      sed * => sed -n 's/a/b/w MARK' a; sed 's/^/b/w MARK' a
      sed * => sed '/a/w MARK' a
      sed * => sed '{p;w MARK⏎}' a
      sed * => sed --expression='1e touch MARK' a
      sed * => sed -f script.sed a; sed '1e touch MARK' a
      sed * => sed '$!{p};e touch MARK' a
      sed * => sed '1W MARK' a
      sed * => sed -i.bak s/a/b/ a; touch MARK
      sed * => sed "s/x/\\`touch MARK\\`/" a; sed '1!G;h;$!d;e touch MARK' a
      awk * => awk 'BEGIN{system("touch MARK")}'
      awk * => awk 'BEGIN{print "x" > "MARK"}'
      awk * => awk 'BEGIN{print "x" >> "MARK"}'
      awk * => awk 'BEGIN{printf "x" > "MARK"}'
      awk * => awk 'BEGIN{"touch MARK" | getline}'
      awk * => awk 'BEGIN{print | "touch MARK"}'
      awk * => awk 'BEGIN { print "x" | "cat >MARK" }'
      awk * => awk -f script.awk; awk 'BEGIN{system("touch MARK")}'
      awk * => awk -v x=1 'BEGIN{system("touch MARK")}'
      awk * => awk -F: '{system("touch MARK")}' a
      split * => split --filter='touch MARK;cat >/dev/null' a
      less * => split --filter 'touch MARK;cat >/dev/null' a
      man * => env MANPAGER='touch MARK;cat' true; touch MARK
      ssh * => ssh -o ProxyCommand='touch MARK;false' localhost
      ssh * => ssh -oProxyCommand='touch MARK;false' localhost
      ssh * => ssh -F ./ssh.config localhost
      scp * => scp -S ./hello-env a localhost:b; touch MARK
      scp * => scp -o ProxyCommand='touch MARK;false' a localhost:b
      curl * => curl -s -o MARK file:///etc/hostname
      curl * => curl -s -K curl.config; touch MARK
      curl * => curl -so MARK file:///etc/hostname
      curl * => curl -s --output MARK file:///etc/hostname
      curl * => curl -s file:///etc/hostname -D MARK; touch MARK
      find * => find . -maxdepth 1 -name gone -delete; touch MARK
      make * => make SHELL='touch MARK;:' .SHELLFLAGS= -f /dev/null x; make --eval 'x:;touch MARK' SHELL=/bin/sh x
      make * => make --eval 'x:;touch MARK' x
      tar * => cd globs && tar cf /dev/null *
      zip * => zip -q x.zip a -T --unzip-command 'touch MARK;true'; touch MARK
      date * => date -s now; touch MARK
      """),
  ]
}
