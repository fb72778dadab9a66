"""What record.py records: commands, and what is typed."""
import os, shutil, subprocess

UP, DOWN, RIGHT, LEFT, ESC, ENTER, TAB = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b", "\r", "\t"
F = {n: s for n, s in zip(range(1, 13), ["\x1bOP", "\x1bOQ", "\x1bOR", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~", "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~"])}
PGDN, PGUP, HOME, END = "\x1b[6~", "\x1b[5~", "\x1b[H", "\x1b[F"

CJK = """第一章　総則
これは日本語のテキストです。全角文字と半角ｶﾅ、記号「」『』を含みます。長い行は端末の幅で折り返されるはずです。ここで折り返しが起こる。
中文字符测试：简体与繁體。你好，世界！这是一行很长的文字，用来测试终端在行末如何处理宽字符，尤其是最后一列只剩一个单元格的时候会怎样。
한국어 문장도 있습니다. 자모 조합: 각 나 다. 끝.
aあbいcうdえeおfかgきhくiけjこkさlしmすnせoそpたqちrつsてtとuなvにwぬxねyのz
"""
EMOJI = """faces 😀😃😄😁 people 👨‍👩‍👧‍👦 👩🏽‍💻 flags 🇩🇪🇯🇵 hearts ❤ ❤️ keycap 1️⃣ hands 👍🏿
e\u0301 a\u0308 n\u0303 o\u0302\u0323 zalgo h\u0335\u0321\u0308\u0301e\u0336\u0322\u0307l\u0337\u0328p
Ελληνικά Русский עברית العربية हिन्दी தமிழ் ไทย ქართული
box ┌─┬─┐│ │ ├─┼─┤└─┴─┘ ▁▂▃▄▅▆▇█ ░▒▓ braille ⠁⠃⠇⠏⠟⠿ math ∀∃∑∫√∞≈≠ arrows ←↑→↓⇒
tail of a line that is quite long so that an emoji meets the right margin exactly here 🎉🎉🎉 and goes on
"""
SOURCE = "".join(
    f"def step_{n}(value, *, limit={n}):\n    \"\"\"Step {n}.\"\"\"\n    if value > limit:\n        raise ValueError(f\"{{value}} > {{limit}}\")\n    return value + {n}  # next\n\n"
    for n in range(60))


def prepare():
    shutil.rmtree("/tmp/demo", ignore_errors=True)
    os.makedirs("/tmp/demo/home")
    os.makedirs("/tmp/demo/files/deep/er")
    for name, text in {"cjk.txt": CJK * 6, "emoji.txt": EMOJI * 4, "steps.py": SOURCE, "notes.txt": "".join(f"line {n}: the quick brown fox jumps over the lazy dog\n" for n in range(300))}.items():
        with open(f"/tmp/demo/{name}", "w") as f:
            f.write(text)
    with open("/tmp/demo/page.html", "w") as f:
        f.write("<html><head><title>Demo page</title></head><body><h1>Demo</h1><p>" + "Some <b>bold</b> and <a href='a.html'>linked</a> text. " * 30 + "</p><table border=1>" + "".join(f"<tr><td>{n}</td><td>{n*n}</td></tr>" for n in range(30)) + "</table></body></html>")
    for n in range(40):
        ext = ["txt", "c", "tar.gz", "png", "sh"][n % 5]
        path = f"/tmp/demo/files/file-{n}.{ext}"
        with open(path, "w") as f:
            f.write("x" * (n * 997))
        if ext == "sh":
            os.chmod(path, 0o755)
    os.symlink("file-1.c", "/tmp/demo/files/link")
    git = "cd /tmp/demo && git init -q . && git config user.name Demo && git config user.email demo@example.com"
    for n in range(12):
        git += f" && echo {n} >> notes.txt && git add -A && GIT_COMMITTER_DATE='2026-01-{n+1:02d} 12:00' git commit -q --date '2026-01-{n+1:02d} 12:00' -m 'Change number {n}'"
    git += " && git checkout -q -b side HEAD~5 && echo side > side.txt && git add -A && GIT_COMMITTER_DATE='2026-01-20 12:00' git commit -q --date '2026-01-20 12:00' -m 'Side' && git checkout -q master && GIT_COMMITTER_DATE='2026-01-21 12:00' git merge -q --no-edit side"
    subprocess.run(["bash", "-c", git], env={**os.environ, "HOME": "/tmp/demo/home", "GIT_CONFIG_GLOBAL": "/tmp/demo/home/.gitconfig", "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "init.defaultBranch", "GIT_CONFIG_VALUE_0": "master"}, check=True)
    with open("/tmp/demo/crash.c", "w") as f:
        f.write("#include <stdio.h>\nint sum(int n) {\n  int s = 0;\n  for (int i = 0; i < n; i++)\n    s += i;\n  return s;\n}\nint main(void) {\n  printf(\"%d\\n\", sum(10));\n  return 0;\n}\n")
    subprocess.run(["bash", "-c", "cd /tmp/demo && (cc -g -o crash crash.c || clang -g -o crash crash.c)"], check=False)
    with open("/tmp/demo/tmux.conf", "w") as f:
        f.write("set -g status-right 'demo'\nset -g default-command 'bash --norc'\n")


def shell(*lines, end=0.3):
    keys = []
    for line in lines:
        keys += [line + ENTER, end]
    return keys


BASH = "bash --norc"
SCENARIOS = {
    "vim-edit": dict(run="vim -n -u NONE -N steps.py", keys=["ihello world" + ENTER + "second" + ESC, "yyp", "u", ":set number" + ENTER, "G", "/step_3" + ENTER, "ggVjjd", ":help" + ENTER, 0.3, ":q" + ENTER]),
    "vim-syntax": dict(run="vim -n -u NONE -N -c 'syntax on' -c 'set number cursorline hlsearch' steps.py", keys=[0.3, "/limit" + ENTER, PGDN, PGDN, ":vsplit" + ENTER, ":split" + ENTER, "\x06", "\x17w", ":term ls" + ENTER, 0.4]),
    "vim-quit": dict(run=BASH, keys=shell("ls") + ["vim -n -u NONE -N notes.txt" + ENTER, 0.4, DOWN * 5, "dd", ":q!" + ENTER, 0.3] + shell("echo back")),
    "vim-defaults": dict(run="vim -n notes.txt", columns=100, rows=30, keys=[0.5, "G", "ofoo 日本 😀" + ESC, ":set list" + ENTER, 0.2, "u"]),
    "nvim": dict(run="nvim -n -u NONE steps.py", keys=[0.6, "G", "ihello" + ESC, ":vsplit" + ENTER, "gg", 0.3, ":q" + ENTER]),
    "nvim-termgui": dict(run="nvim -n -u NONE --cmd 'set termguicolors number' steps.py", columns=120, rows=40, keys=[0.6, PGDN, PGDN, "VG", 0.2, ESC, ":q!" + ENTER, 0.3]),
    "nano": dict(run="nano notes.txt", keys=["hello" + ENTER, DOWN * 30, "\x17fox" + ENTER, 0.2, "\x07", 0.3, "\x18", "\x18", "n"]),
    "emacs": dict(run="emacs -nw -Q steps.py", keys=[1.5, "\x1bxlinum" , "\x07", "\x0e" * 30, "hello", "\x18" + "2", 0.3, "\x18o\x18\x06/tmp/demo/" + TAB + TAB, 0.5]),
    "emacs-quit": dict(run=BASH, keys=["emacs -nw -Q cjk.txt" + ENTER, 1.5, "\x0e" * 5, "\x18\x03", 0.5] + shell("echo done")),
    "zile": dict(run="zile -q notes.txt", keys=[0.3, "\x16", "\x16", "hello", "\x18" + "2"]),
    "joe": dict(run="joe steps.py", keys=[0.4, "\x0bh", DOWN * 20, "text", "\x0bx"]),
    "less": dict(run="less -R notes.txt", keys=["  ", "/line 99" + ENTER, "G", "g", "h", 0.2, "q"]),
    "less-color": dict(run="git log --color --stat -p | less -R", keys=[0.3, " ", " ", "b", "-S" + ENTER, RIGHT, RIGHT, "G"]),
    "more": dict(run="more notes.txt", keys=[" ", " ", "q"]),
    "man": dict(run="man -P less ls || less /usr/share/doc/bash/README", keys=[0.8, " ", " ", "/color" + ENTER, "G", "q"]),
    "htop": dict(run="htop", keys=[1.2, DOWN, "F", F[5], 0.5, F[2], 0.5, ESC], columns=100, rows=30),
    "htop-quit": dict(run=BASH, keys=["htop" + ENTER, 1.5, "q", 0.3] + shell("echo after htop")),
    "top": dict(run="top", keys=[1.0, "1", "z", "x", "c", 1.0, "q"]),
    "tmux": dict(run="tmux -f tmux.conf -L rec1 new", keys=[0.6] + shell("ls --color", "seq 50") + ["\x02%", 0.4] + shell("top -n 1") + ['\x02"', 0.4, "echo three" + ENTER, 0.3, "\x02o", "\x02[", PGUP, 0.3, "q", "\x02t", 0.3]),
    "tmux-small": dict(run="tmux -f tmux.conf -L rec2 new", columns=40, rows=12, keys=[0.6] + shell("cat emoji.txt", "cat cjk.txt") + ["\x02d", 0.3]),
    "tmux-vt420": dict(run="tmux -f tmux.conf -T margins,rectfill,256,RGB,hyperlinks,sync,focus,bpaste -L rec3 new", keys=[0.6] + ["\x02%", 0.3] + shell("seq 60", "ls -la --color files") + ["\x02o"] + shell("cat notes.txt | head -50", "vim -n -u NONE -N steps.py") + [PGDN, PGDN, 0.3]),
    "screen": dict(run="screen -c /dev/null bash --norc", keys=[0.6, " "] + shell("ls --color files", "seq 40") + ["\x01S", "\x01\t", "\x01c", 0.3, "echo two" + ENTER, 0.3, "\x01w"]),
    "fzf": dict(run="find . -path ./.git -prune -o -type f -print | fzf", keys=[0.5, "fi", "le3", UP, UP, 0.2, "\x7f\x7f", 0.3, ENTER]),
    "fzf-height": dict(run=BASH, keys=shell("seq 5") + ["find files | sort | fzf --height 40% --layout reverse --border --preview 'head -c 300 {}'" + ENTER, 0.8, "1", DOWN, DOWN, 0.3, ESC, 0.2] + shell("echo x")),
    "mc": dict(run="mc -u", keys=[1.0, DOWN * 5, TAB, F[3], 0.4, F[10], F[9], RIGHT, DOWN, 0.3, ESC + ESC, F[5], 0.4, ESC + ESC]),
    "mc-quit": dict(run=BASH, columns=100, rows=30, keys=["mc -u" + ENTER, 1.0, DOWN, F[4], 0.6, F[10], 0.2, F[10], 0.3, ENTER, 0.4] + shell("echo after mc")),
    "ranger": dict(run="ranger", keys=[1.2, DOWN, DOWN, ENTER, 0.4, DOWN * 3, 0.4, "?", 0.3, ESC]),
    "vifm": dict(run="vifm .", keys=[0.8, ENTER, "jjjj", TAB, "ll", ":vsplit" + ENTER, 0.3]),
    "ncdu": dict(run="ncdu -0 /usr/share/terminfo", keys=[1.2, DOWN * 4, ENTER, 0.3, "i", 0.3, "g", "q"]),
    "ncdu-color": dict(run="ncdu -2 --color dark /tmp/demo", keys=[0.8, DOWN * 3, "?", 0.3, "q"]),
    "dialog": dict(run="dialog --title Demo --menu 'Choose one' 15 50 6 1 One 2 Two 3 Three 4 Four", keys=[0.3, DOWN, DOWN, TAB, 0.2, ENTER]),
    "dialog-gauge": dict(run="for n in $(seq 0 10 100); do echo $n; sleep 0.05; done | dialog --gauge 'Working' 8 50", keys=[1.0]),
    "dialog-form": dict(run="dialog --form 'Form' 15 60 4 Name: 1 1 demo 1 10 20 0 Place: 2 1 '' 2 10 20 0", keys=["x日本", DOWN, "Berlin", TAB, 0.2]),
    "whiptail": dict(run="whiptail --title Demo --checklist 'Pick some' 15 60 5 a Alpha on b Beta off c Gamma off", keys=[0.3, " ", DOWN, " ", TAB, 0.2, ENTER]),
    "git-log": dict(run="git --no-pager log --color --graph --stat", keys=[0.3]),
    "git-diff": dict(run="git --no-pager show --color --stat -p HEAD~4; git --no-pager diff --color --word-diff HEAD~9 HEAD; git --no-pager status; git --no-pager branch -a --color", keys=[0.3]),
    "tig": dict(run="tig --all", keys=[0.8, DOWN, DOWN, ENTER, 0.4, PGDN, "q", 0.2, "h", 0.3]),
    "ls": dict(run="ls -la --color files /usr/lib/systemd; ls --color -C -w 80 /usr/bin | head -200", keys=[0.4]),
    "ls-hyperlink": dict(run="ls --hyperlink=always --color=always -la files; ls --hyperlink=always -C files", keys=[0.3]),
    "tree": dict(run="tree -C /usr/share/terminfo | head -300", keys=[0.4]),
    "grep": dict(run="grep -n --color=always step steps.py; rg --color always -n limit .", keys=[0.4]),
    "bat": dict(run="batcat --color always --paging never --theme ansi steps.py; batcat --color always --paging never -r 1:60 steps.py", keys=[0.6]),
    "nethack": dict(run="nethack -u demo", keys=[0.5, " ", "y", 0.3, " ", " ", "hjkl", "i", 0.2, ESC, "?", 0.2, ESC, "s" * 10, "llll", "jjjj", "S"]),
    "cmatrix": dict(run="cmatrix -b", keys=[2.0], seconds=4),
    "sl": dict(run="sl", keys=[4.0], seconds=5),
    "moon-buggy": dict(run="moon-buggy", keys=[0.8, " ", 1.5, "a"], seconds=4),
    "ninvaders": dict(run="ninvaders", keys=[0.5, " ", 1.2, LEFT, LEFT, " "], seconds=4),
    "greed": dict(run="greed", keys=[0.5, "hjklyubn" * 3, 0.2]),
    "worms": dict(run="worms -d 20", keys=[1.5], seconds=3),
    "figlet": dict(run="figlet Hello; toilet -f mono12 -F gay Hello; toilet -F metal cmdop; toilet -f future --gay world", keys=[0.4]),
    "cowsay": dict(run="cowsay -f tux hello; fortune 2>/dev/null | cowsay", keys=[0.3]),
    "python": dict(run="python3 -q", keys=[0.4, "print('hello')" + ENTER, "for i in range(30): print(i, '日本' * i)" + ENTER + ENTER, "1/0" + ENTER, "help(str.join)" + ENTER, 0.3, UP, UP, "\x01# ", ENTER]),
    "gdb": dict(run="gdb -q ./crash", keys=[0.8, "break sum" + ENTER, "run" + ENTER, 0.8, "bt" + ENTER, "info locals" + ENTER, "list" + ENTER, "next" + ENTER]),
    "gdb-tui": dict(run="gdb -q -tui ./crash", keys=[1.0, "break sum" + ENTER, 0.3, "run" + ENTER, 0.8, "next" + ENTER, "next" + ENTER, "layout asm" + ENTER, 0.4, "layout regs" + ENTER, 0.5]),
    "w3m": dict(run="w3m page.html", keys=[0.5, " ", TAB, TAB, "b", "/linked" + ENTER, "H", 0.3, "B"]),
    "lynx": dict(run="lynx -cfg=/dev/null page.html", keys=[0.6, DOWN, DOWN, " ", "?", 0.3, LEFT, "q", "y"]),
    "mutt": dict(run="mutt -n -F /dev/null -e 'set folder=/tmp/demo/home' -f /tmp/demo/home/mbox", keys=[0.8, "?", 0.3, " ", "q", "c", 0.2, ESC]),
    "progress-curl": dict(run="curl -o /tmp/demo/out file:///usr/bin/gdb; curl -# -o /tmp/demo/out file:///usr/bin/gdb", keys=[0.6]),
    "progress-wget": dict(run="python3 -m http.server -b 127.0.0.1 8123 -d /usr/bin >/dev/null 2>&1 & sleep 0.8; wget --limit-rate=20m -O /dev/null http://127.0.0.1:8123/gdb; wget -q --show-progress --progress=bar:force -O /dev/null http://127.0.0.1:8123/python3.11", keys=[2.5]),
    "progress-pv": dict(run="head -c 60000000 /dev/zero | pv -L 40m -i 0.1 -s 60000000 > /dev/null", keys=[2.0]),
    "progress-pip": dict(run="python3 /tmp/demo/progress.py", keys=[2.0]),
    "apt-progress": dict(run="apt-get -o APT::Color=1 -o Dpkg::Progress-Fancy=1 install -y --reinstall --no-download hello; bash /tmp/demo/fancy.sh", keys=[3.0]),
    "aptitude": dict(run="aptitude", keys=[3.0, DOWN * 4, ENTER, 0.4, "?", 0.3, "q"], seconds=8),
    "cjk": dict(run="cat cjk.txt", keys=[0.3]),
    "cjk-narrow": dict(run="cat cjk.txt", columns=31, rows=10, keys=[0.3]),
    "emoji": dict(run="cat emoji.txt", keys=[0.3]),
    "emoji-less": dict(run="less emoji.txt", keys=[" ", "G", "/box" + ENTER, "q"], columns=60, rows=20),
    "bash-edit": dict(run=BASH, keys=["echo a long line that will be edited in the middle and is longer than the screen is wide so it wraps" + LEFT * 40, "INSERTED ", "\x01", "\x05", "\x7f" * 10, ENTER] + shell("ls --color", "cd files", "ls -l | head") + ["\x12ls", 0.2, ESC, "\x0c", "ec", TAB, TAB, 0.3]),
    "bash-title": dict(run=BASH, keys=shell("PS1='\\[\\e]0;demo: \\w\\a\\]\\[\\e[1;32m\\]demo\\[\\e[0m\\]:\\[\\e[34m\\]\\w\\[\\e[0m\\]\\$ '", "cd files", "printf '\\e]7;file://demo/tmp/demo/files\\a'", "printf '\\e]8;;http://example.com\\e\\\\link\\e]8;;\\e\\\\ \\e[4:3;58:2::255:0:0mcurly\\e[m \\e[38:5:208mcolon\\e[m \\e[53mover\\e[55;9mstrike\\e[m\\n'")),
    "zsh": dict(run="zsh -f", keys=[0.3, "autoload -U compinit; compinit -D; zstyle ':completion:*' menu select" + ENTER, 0.5, "ls fi" + TAB, TAB, TAB, 0.3, ENTER, "PROMPT='%F{green}%n%f %1~ %# ' RPROMPT='%T'" + ENTER, "echo " + "x" * 90, "\x01", "\x05", ENTER]),
    "fish": dict(run="fish --no-config", keys=[1.0, "ls fi", 0.3, TAB, 0.3, TAB, DOWN, ENTER, 0.3, ENTER, "echo 日本語", 0.2, LEFT * 2, "x", ENTER, 0.3, "for i in (seq 30); echo $i; end" + ENTER, 0.4], seconds=8),
    "bash-vt100": dict(run=BASH, term="vt100", keys=shell("ls", "echo a; tput smacs; echo lqqqk; tput rmacs", "top -n 1", "seq 40")),
    "dialog-vt100": dict(run="dialog --title Demo --yesno 'Lines are drawn with SO and SI' 8 40", term="vt100", keys=[0.3, TAB, TAB]),
    "linux-console": dict(run="htop", term="linux", keys=[1.2, DOWN, F[6], 0.3, ESC]),
    "vttest-1": dict(run="vttest", keys=[0.5, "1" + ENTER] + [0.15, ENTER] * 6),
    "vttest-2": dict(run="vttest", keys=[0.5, "2" + ENTER] + [0.15, ENTER] * 16),
    "vttest-3": dict(run="vttest", keys=[0.5, "3" + ENTER, "8" + ENTER] + [0.15, ENTER] * 4 + ["9" + ENTER, 0.2, ENTER]),
    "vttest-8": dict(run="vttest", keys=[0.5, "8" + ENTER] + [0.15, ENTER] * 14),
    "vttest-11-color": dict(run="vttest", keys=[0.5, "11" + ENTER, "6" + ENTER, "2" + ENTER, 0.2, ENTER, "3" + ENTER, 0.2, ENTER, "4" + ENTER, 0.2, ENTER]),
    "vttest-11-cursor": dict(run="vttest", keys=[0.5, "11" + ENTER, "5" + ENTER, "1" + ENTER, 0.2, ENTER, "2" + ENTER, 0.2, ENTER, "3" + ENTER, 0.2, ENTER, "4" + ENTER, 0.2, ENTER, "5" + ENTER, 0.2, ENTER]),
    "vttest-vt420-rect": dict(run="vttest", keys=[0.5, "11" + ENTER, "3" + ENTER, "9" + ENTER] + ["2" + ENTER, 0.2, ENTER, "3" + ENTER, 0.2, ENTER, "4" + ENTER, 0.2, ENTER, "5" + ENTER, 0.2, ENTER]),
    "vttest-vt420-margins": dict(run="vttest", keys=[0.5, "11" + ENTER, "3" + ENTER, "2" + ENTER, "2" + ENTER, "3" + ENTER] + [x for n in range(4, 12) for x in (f"{n}" + ENTER, 0.2, ENTER)]),
    "scroll-regions": dict(run="bash /tmp/demo/regions.sh", keys=[0.6]),
    "truecolor": dict(run="python3 /tmp/demo/gradient.py", keys=[0.6]),
    "seq": dict(run="seq 2000", keys=[0.3]),
    "yes": dict(run="yes 'a line of text' | head -3000", keys=[0.4]),
    "wide": dict(run="ls --color -C -w 200 /usr/bin | head -150; vim -n -u NONE -N -c 'syntax on' steps.py", columns=200, rows=50, keys=[0.6, PGDN, ":vsplit" + ENTER, 0.3]),
    "tiny": dict(run="bash --norc", columns=20, rows=5, keys=shell("ls --color files", "seq 20", "vim -n -u NONE -N notes.txt") + ["jjjj", "ihello" + ESC, ":q!" + ENTER, 0.3]),
}

EXTRA = {
    "progress.py": """
import sys, time
for name in ("first-1.0.tar.gz", "second-2.4-py3-none-any.whl"):
    print(f"Downloading {name}")
    for n in range(0, 101, 4):
        bar = "\\u2501" * (n * 40 // 100)
        sys.stdout.write(f"\\r   \\x1b[38;2;249;38;114m{bar}\\x1b[0m\\x1b[38;5;237m{chr(0x2501) * (40 - len(bar))}\\x1b[0m \\x1b[32m{n/10:.1f}/10.0 MB\\x1b[0m \\x1b[31m3.2 MB/s\\x1b[0m eta \\x1b[36m0:00:01\\x1b[0m\\x1b[?25l")
        sys.stdout.flush(); time.sleep(0.01)
    print("\\x1b[?25h")
for n in range(40):
    sys.stdout.write("\\r\\x1b[2K" + "\\u280b\\u2819\\u2839\\u2838\\u283c\\u2834\\u2826\\u2827\\u2807\\u280f"[n % 10] + f" Resolving ({n})"); sys.stdout.flush(); time.sleep(0.01)
print("\\r\\x1b[2K\\x1b[1;32mSuccessfully installed\\x1b[0m")
""",
    "fancy.sh": r"""
rows=24
printf '\n\e7\e[0;%dr\e8\e[1A' $((rows-1))
for n in $(seq 0 2 100); do
  echo "Unpacking package-$n (1.$n) ..."
  printf '\e7\e[%d;0f\e[42m\e[30mProgress: [%3d%%]\e[49m\e[39m [%s%s] \e8' $rows $n "$(printf '#%.0s' $(seq 1 $((n/2+1))))" "$(printf '.%.0s' $(seq 1 $((51-n/2))))"
done
printf '\e7\e[0;%dr\e8\e[1A\e[J' $rows
""",
    "regions.sh": r"""
seq 30
printf '\e[5;15r\e[15;1H'; for n in $(seq 20); do echo "region $n"; done
printf '\e[5;1H\eM\eM\e[44mreverse index\e[K\e[0m'
printf '\e[?6h\e[1;1Horigin\e[99;99Hend\e[?6l'
printf '\e[r\e[20;10H\e[4minserted\e[4h here \e[4l\e[24m\e[3L\e[2M\e[5@\e[3P\e[4X'
printf '\e[3g\e[1;5H\eH\e[1;25H\eH\e[1;1H\ta\tb\e7\e[10;10H\e[31m\e(0lqqk\e(B\e8c'
printf '\e[2;79Hxyz\e[22;1H\e#8\e[3;3H\e[1J\e[10;10H\e[0J\e[5;20H\e[1K\e[2;5H\e[42m\e[2K\e[0m'
printf '\e[12;1Habc\e[10b|\e[13;1H\e[2Sx\e[3Ty\e[?25l\e[?1h\e=\e[5 q\e[?2004h\e[?1002h\e[?1006h'
""",
    "gradient.py": """
import sys
for y in range(20):
    sys.stdout.write("".join(f"\\x1b[48;2;{x*3};{y*12};128m\\x1b[38;2;{255-x*3};{y};0m\\u2580" for x in range(78)) + "\\x1b[0m\\r\\n")
for n in range(256): sys.stdout.write(f"\\x1b[48;5;{n}m {n:3} \\x1b[0m")
""",
}
_prepare = prepare


def prepare():
    _prepare()
    for name, text in EXTRA.items():
        with open(f"/tmp/demo/{name}", "w") as f:
            f.write(text)
    with open("/tmp/demo/home/mbox", "w") as f:
        for n in range(30):
            f.write(f"From demo@example.com Thu Jan  1 00:00:{n:02d} 2026\nFrom: Person {n} <p{n}@example.com>\nTo: demo@example.com\nSubject: Message {n} \u65e5\u672c\nDate: Thu, 01 Jan 2026 00:00:{n:02d} +0000\nContent-Type: text/plain; charset=utf-8\n\nText {n}\n\n")
