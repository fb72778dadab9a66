/// What is known of environment variables.
enum Environment {
  /// They change what is found, loaded or run: an assignment to one of them is never harmless.
  static func isCritical(_ name: String) -> Bool {
    criticals.contains(name) || prefixes.contains { name.hasPrefix($0) }
  }

  /// Setting one of them for a command changes how it prints, not what it does.
  static func isHarmless(_ name: String) -> Bool { harmless.contains(name) || name.hasPrefix("LC_") }

  /// Not exported and of no meaning to bash: a name of the script's own.
  static func isOwn(_ name: String) -> Bool {
    !network.contains(name) && name.utf8.allSatisfy { $0 == 0x5f || (0x61...0x7a).contains($0) || $0.isDigit }
  }

  /// Bash gives it values of its own, whatever a script assigns; or the environment has one.
  static func isBashs(_ name: String) -> Bool {
    bashs.contains(name) || isNumber(name) || isCritical(name)
      || ["COMP_", "READLINE_", "EPOCH", "COPROC"].contains { name.hasPrefix($0) }
  }

  /// Bash keeps a number in it, and nothing else.
  static func isNumber(_ name: String) -> Bool { numbers.contains(name) }

  private static let numbers: Set<String> = [
    "RANDOM", "SRANDOM", "SECONDS", "LINENO", "UID", "EUID", "PPID", "OPTIND", "SHLVL", "HISTCMD", "EPOCHSECONDS",
    "BASHPID", "BASH_SUBSHELL",
  ]
  private static let bashs: Set<String> = [
    "_", "REPLY", "OPTARG", "OPTERR", "FUNCNAME", "DIRSTACK", "GROUPS", "PIPESTATUS", "MAPFILE", "HOSTNAME",
    "HOSTTYPE", "MACHTYPE", "OSTYPE", "COLUMNS", "LINES", "USER", "LOGNAME", "HISTFILE", "TIMEFORMAT", "INSIDE_EMACS",
  ]
  private static let criticals: Set<String> = [
    "PATH", "IFS", "ENV", "SHELL", "SHELLOPTS", "PS4", "PS0", "PS1", "PROMPT_COMMAND", "CDPATH", "GLOBIGNORE",
    "EXECIGNORE",
    "FIGNORE", "HOME", "PWD", "OLDPWD", "TMPDIR", "LOCPATH", "NLSPATH", "TERMINFO", "TERMINFO_DIRS", "TERMCAP",
    "EDITOR", "VISUAL", "PAGER", "MANPAGER", "BROWSER", "LESSOPEN", "LESSCLOSE", "LESS", "NODE_OPTIONS", "NODE_PATH",
    "PERL5LIB", "PERL5OPT", "PERLLIB", "RUBYLIB", "RUBYOPT", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH", "CC",
    "CXX",
    "MAKEFLAGS", "MAKEFILES", "RUSTC", "RUSTC_WRAPPER", "TAR_OPTIONS", "GREP_OPTIONS", "RSYNC_RSH",
    "RSYNC_CONNECT_PROG",
    "SSH_ASKPASS", "SUDO_ASKPASS", "SYSTEMD_EDITOR", "KUBECONFIG", "DOCKER_HOST", "XDG_CONFIG_HOME", "ZDOTDIR",
  ]
  private static let prefixes = ["LD_", "DYLD_", "BASH", "GIT_", "PYTHON", "npm_config_", "NPM_CONFIG_", "CMDOP_"]
  private static let harmless: Set<String> = [
    "CI", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "DEBIAN_FRONTEND", "FORCE_COLOR", "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
    "LANG", "LANGUAGE", "LINES", "NO_COLOR", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "RUST_BACKTRACE",
    "RUST_LOG",
    "TERM", "TZ",
  ]
  private static let network: Set<String> = [
    "http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy", "auto_resume",
  ]
}
